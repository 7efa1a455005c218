"""Items of a conversation as OpenAI's responses have them: messages, calls, their results, thoughts.

An answer's own items may come back as they were told. What they hold beside text (pictures, files, sound) is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from serve.chat.types import ChatMessage, ToolCall
from serve.errors import InvalidRequestError
from serve.wire.body import Body

_TEXTS = ("input_text", "output_text", "text", "summary_text", "reasoning_text")


class ItemPart(Body):
    """A part of an item's content."""

    type: str
    text: str | None = None
    refusal: str | None = None


Content = str | Annotated[list[ItemPart], Field(max_length=100_000)]


class MessageItem(Body):
    """One turn. Its type may be left out."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Content

    def plain(self, where: str) -> ChatMessage:
        """As templates know it. `where` it is in the body."""
        role = "system" if self.role == "developer" else self.role
        return ChatMessage(role, text_of(self.content, f"{where}content"))


class ReasoningItem(Body):
    """Thoughts of an earlier answer. What is encrypted was not encrypted here."""

    type: Literal["reasoning"]
    content: list[ItemPart] | None = None
    summary: list[ItemPart] | None = None

    def plain(self, where: str) -> ChatMessage:
        """The thoughts themselves, or what was told of them."""
        text = text_of(self.content or self.summary or "", f"{where}content")
        return ChatMessage("assistant", "", reasoning=text or None)


class CallItem(Body):
    """A call that the assistant made."""

    type: Literal["function_call"]
    call_id: str
    name: Annotated[str, Field(min_length=1, max_length=256)]
    arguments: str = "{}"

    def plain(self, _where: str) -> ChatMessage:
        """A turn of nothing else."""
        return ChatMessage("assistant", "", tool_calls=(ToolCall(self.call_id, self.name, self.arguments),))


class ResultItem(Body):
    """What a call brought."""

    type: Literal["function_call_output"]
    call_id: str
    output: Content

    def plain(self, where: str) -> ChatMessage:
        """As templates know it."""
        return ChatMessage("tool", text_of(self.output, f"{where}output"), tool_call_id=self.call_id)


def _kind(item: Any) -> str | None:
    found = item.get("type", "message") if isinstance(item, dict) else getattr(item, "type", None)
    return found if isinstance(found, str) else None


Item = Annotated[
    Annotated[MessageItem, Tag("message")]
    | Annotated[ReasoningItem, Tag("reasoning")]
    | Annotated[CallItem, Tag("function_call")]
    | Annotated[ResultItem, Tag("function_call_output")],
    Discriminator(_kind),
]


def text_of(content: Content, where: str) -> str:
    """All of its text. A refusal is text that the assistant said."""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for index, part in enumerate(content):
        text = part.refusal if part.type == "refusal" else part.text
        if part.type not in (*_TEXTS, "refusal"):
            raise InvalidRequestError(
                f"{where}.{index} is of type {part.type!r}: this server takes text only, 'input_text'",
                param=f"{where}.{index}.type",
            )
        if text is None:
            raise InvalidRequestError(f"{where}.{index} is of type {part.type!r}: it has no text", param=where)
        texts.append(text)
    return "".join(texts)
