"""POST /v1/generate, /chat and /chat/{user_id}: one text in, one text out, for scripts and curl."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from serve.chat.types import ChatMessage, Conversation
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest, TextPrompt
from serve.models import ModelEntry
from serve.wire.body import having
from serve.wire.chat import template_arguments
from serve.wire.common import TextFields
from serve.wire.messages import Message
from serve.wire.refuse import Neutral, refuse_what_is_not_served

Text = Annotated[str, Field(min_length=1)]
# There is no place for them in an answer that is one text.
_NOT_SERVED: Neutral = {
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "logprobs": (False, 0),
    "top_logprobs": (0,),
}


class SimpleFields(TextFields):
    """What they share."""

    system: str | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    reasoning_effort: str | None = None

    def request(self, entry: ModelEntry, prompt: TextPrompt | Conversation) -> GenerateRequest:
        """The checked request. The model's own stop strings belong to its chat form."""
        refuse_what_is_not_served(self, _NOT_SERVED)
        if self.num_choices != 1:
            raise InvalidRequestError(f"n is {self.n}: one answer is given here", param="n")
        common = self.common(entry)
        if isinstance(prompt, Conversation):
            common["stop"] = (*common["stop"], *entry.stop)
        return GenerateRequest(prompt=prompt, form=self.form(), **common)

    def conversation(self, messages: Iterable[ChatMessage]) -> Conversation:
        """These, after the system's own."""
        system = () if self.system is None else (ChatMessage("system", self.system),)
        return Conversation(
            messages=(*system, *messages),
            response_format=self.form(),
            template_kwargs_json=template_arguments(self.chat_template_kwargs, effort=self.reasoning_effort),
        )


class SimpleGenerateRequest(SimpleFields):
    """POST /v1/generate. The prompt is what a user says, where the model chats; `raw`: a text to go on with."""

    prompt: Text
    raw: bool = False

    def to_generate(self, entry: ModelEntry, *, chats: bool) -> GenerateRequest:
        """`chats`: does the model have a chat template?"""
        if self.raw and self.system is not None:
            raise InvalidRequestError("raw is true: there is no place for system then", param="system")
        if chats and not self.raw:
            return self.request(entry, self.conversation([ChatMessage("user", self.prompt)]))
        text = self.prompt if self.system is None else f"{self.system}\n\n{self.prompt}"
        return self.request(entry, TextPrompt((text,)))


class SimpleChatRequest(SimpleFields):
    """POST /chat: `message`, what the user says, or `messages`, the whole conversation."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [having("message", type="string"), having("messages", type="array")]}
    )

    message: Text | None = None
    messages: Annotated[list[Message], Field(min_length=1)] | None = None

    def said(self) -> tuple[ChatMessage, ...]:
        """All that was said in this request."""
        if (self.message is None) == (self.messages is None):
            raise InvalidRequestError("message or messages is needed, one of the two", param="message")
        if self.message is not None:
            return (ChatMessage("user", self.message),)
        return tuple(each.plain(f"messages.{index}.") for index, each in enumerate(self.messages or ()))


class UserChatRequest(SimpleChatRequest):
    """POST /chat/{user_id}: only what is new. `context`: false asks without what was said before."""

    context: bool = True

    def said(self) -> tuple[ChatMessage, ...]:
        """One thing of the user's, after what the system may say."""
        said = super().said()
        if [each.role for each in said if each.role != "system"] != ["user"] or said[-1].role != "user":
            raise InvalidRequestError(
                "messages must be what the user says now, one message of the user's, with the system's before it: "
                "what was said earlier is kept here",
                param="messages",
            )
        return said

    def after(self, told: Sequence[ChatMessage]) -> Conversation:
        """The conversation that goes on."""
        *system, question = self.said()
        return self.conversation((*system, *told, question))
