"""Messages of a conversation as OpenAI sends them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from serve.chat.types import ChatMessage, ToolCall
from serve.errors import InvalidRequestError
from serve.wire.body import Body
from serve.wire.refuse import Neutral, refuse_what_is_not_served

# A turn without these would mean something else.
_NOT_SERVED: Neutral = {"function_call": ({},), "audio": ({},)}


class TextPart(Body):
    """A part of a message's content."""

    type: Literal["text"]
    text: str


class RefusalPart(Body):
    """The assistant's own no, as OpenAI tells it: text that it said."""

    type: Literal["refusal"]
    refusal: str

    @property
    def text(self) -> str:
        """What it said."""
        return self.refusal


class CalledFunction(Body):
    """What was called. Some clients send the arguments as an object."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    arguments: str = "{}"


class ToolCallField(Body):
    """A call that the assistant made."""

    id: str = ""
    type: Literal["function"] = "function"
    function: CalledFunction

    def call(self) -> ToolCall:
        """The same in our words."""
        return ToolCall(self.id, self.function.name, self.function.arguments)


class Message(Body):
    """One turn."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Annotated[TextPart | RefusalPart, Field(discriminator="type")]] | None = None
    name: str | None = None
    tool_calls: list[ToolCallField] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None

    def plain(self, where: str) -> ChatMessage:
        """As templates know it: `developer` is OpenAI's newer word for `system`. `where` it is in the body."""
        refuse_what_is_not_served(self, _NOT_SERVED, where)
        if self.tool_calls and self.role != "assistant":
            raise InvalidRequestError(
                f"{where}tool_calls are in a message of role {self.role!r}: they belong to the assistant's",
                param=f"{where}tool_calls",
            )
        content = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content or ())
        return ChatMessage(
            role="system" if self.role == "developer" else self.role,
            content=content,
            tool_calls=tuple(call.call() for call in self.tool_calls or ()),
            tool_call_id=self.tool_call_id,
            name=self.name,
            reasoning=self.reasoning_content,
        )
