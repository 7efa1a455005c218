"""POST /api/generate and POST /api/chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.body import Body
from serve.wire.chat import MAX_TOP_LOGPROBS, ChatRequest
from serve.wire.completion import CompletionRequest
from serve.wire.messages import Message
from serve.wire.ollama.context import Said, unpack
from serve.wire.ollama.options import AnswerFormat, KeepAlive, Options, Think
from serve.wire.ollama.turns import OllamaTool, Turn, to_messages
from serve.wire.refuse import Neutral, refuse_what_is_not_served
from serve.wire.tools import MAX_TOOLS

_NOT_SERVED: Neutral = {"suffix": ("",), "template": ("",), "images": ([],)}
_EFFORTS = {"max": "high"}  # no template knows more than three
OptionsField = Annotated[
    Options, BeforeValidator(lambda value: {} if value is None else value, json_schema_input_type=Options | None)
]


class ModelFields(Body):
    """What all requests to a model share."""

    model_config = ConfigDict(extra="allow")

    model: str | None = None
    options: OptionsField = Options()
    keep_alive: KeepAlive = None


class TextFields(ModelFields):
    """What both requests for text share."""

    stream: bool | None = None  # as if true
    format: AnswerFormat | None = None
    think: Think | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_TOP_LOGPROBS)] | None = None

    @property
    def streams(self) -> bool:
        """Does the answer come in pieces?"""
        return self.stream is not False

    @property
    def wants_thoughts(self) -> bool:
        """Does it ask for thoughts, in so many words?"""
        return self.think not in (None, False)

    def shared(self) -> dict[str, Any]:
        """The fields that chats and completions have in common, but for the format of the answer."""
        refuse_what_is_not_served(self, _NOT_SERVED)
        return self.options.fields() | self._form()

    def chat(self, messages: list[Message], tools: Sequence[OllamaTool] = ()) -> ChatRequest:
        """The same in OpenAI's words."""
        more: dict[str, Any] = {}
        if self.think is not None:
            more["chat_template_kwargs"] = {"enable_thinking": self.wants_thoughts}
        if isinstance(self.think, str):
            more["reasoning_effort"] = _EFFORTS.get(self.think, self.think)
        if self.logprobs:
            more |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        return ChatRequest(messages=messages, tools=list(tools) or None, **self.shared(), **more)

    def _form(self) -> dict[str, Any]:
        if isinstance(self.format, dict):
            return {"json_schema": self.format}
        return {"response_format": {"type": "json_object"}} if self.format else {}


class OllamaChat(TextFields):
    """POST /api/chat. Without messages it loads the model, or unloads it if keep_alive is 0."""

    messages: list[Turn] | None = None
    tools: Annotated[list[OllamaTool], Field(max_length=MAX_TOOLS)] | None = None

    def to_chat(self) -> ChatRequest:
        """Of at least one message."""
        return self.chat(to_messages(self.messages or []), self.tools or ())


class OllamaGenerate(TextFields):
    """POST /api/generate. Without a prompt it loads the model, or unloads it if keep_alive is 0."""

    prompt: str | None = None
    system: str | None = None
    raw: bool | None = None
    context: list[int] | None = None

    def said(self) -> list[Said]:
        """The conversation up to the answer."""
        earlier = unpack(self.context or ())
        if self.system:
            earlier = [("system", self.system), *(each for each in earlier if each[0] != "system")]
        return [*earlier, ("user", self.prompt or "")]

    def to_chat(self) -> ChatRequest:
        """By the model's own template."""
        return self.chat([Message.model_validate({"role": role, "content": text}) for role, text in self.said()])

    def to_text(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The prompt as it is, or what comes closest to a conversation for a model that has no template."""
        if self.raw and (self.system or self.context):
            raise InvalidRequestError(
                "raw is true: the prompt goes to the model as it is, without system or context", param="raw"
            )
        prompt = "\n\n".join(content for _, content in self.said())
        completion = CompletionRequest(
            prompt=prompt,
            **({"max_tokens": None, "logprobs": (self.top_logprobs or 0) if self.logprobs else None} | self.shared()),
        )
        return completion.to_generate(entry)
