"""OpenAI's request bodies -> GenerateRequest, the type that proves validity. Nothing after it checks a request.

Unknown fields are ignored, as clients send many; fields that would change the answer and are not served are refused, so
that nobody takes one answer for another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serve.chat.types import ChatMessage
from serve.engine.types import Sampling
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import MinP, ModelEntry, Penalty, RepeatPenalty, Temperature, TopK, TopP

MaxTokens = Annotated[int, Field(ge=1, le=4_194_304)]
Stop = Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=16)]

# Asking for these and getting an answer without them would be wrong; their neutral values are fine.
_NOT_SERVED: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "tools": ([],),
    "functions": ([],),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "audio": (),
    "echo": (False,),
    "suffix": ("",),
    "prediction": (),
    "web_search_options": (),
}
# A turn without these would mean something else.
_NOT_SERVED_IN_MESSAGES: dict[str, tuple[object, ...]] = {"tool_calls": ([],), "function_call": ({},), "audio": ({},)}


class StreamOptions(BaseModel):
    """What a stream brings besides text."""

    include_usage: bool = False


class _Request(BaseModel):
    """What chat and text completions share."""

    model_config = ConfigDict(extra="allow")

    model: str
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: MaxTokens | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    min_p: MinP | None = None
    repeat_penalty: RepeatPenalty | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    logit_bias: dict[int, Annotated[float, Field(ge=-100, le=100)]] | None = None
    stop: str | Stop | None = None
    ignore_eos: bool = False

    @property
    def include_usage(self) -> bool:
        """Does the stream end with a chunk of usage?"""
        return self.stream_options is not None and self.stream_options.include_usage

    def common(self, entry: ModelEntry) -> dict[str, Any]:
        """The fields of a GenerateRequest that do not depend on the kind of prompt."""
        _refuse_what_is_not_served(self, _NOT_SERVED)
        asked = [self.stop] if isinstance(self.stop, str) else (self.stop or [])
        return {
            "max_tokens": self.max_tokens,
            "sampling": self._sampling(entry),
            "stop": tuple(s for s in asked if s),
            "ignore_eos": self.ignore_eos,
        }

    def _sampling(self, entry: ModelEntry) -> Sampling:
        names = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty", "frequency_penalty", "presence_penalty")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.seed is not None:
            given["seed"] = self.seed % (2**32 - 1)  # the engine's seeds are 32 bits; all ones means "choose one"
        if self.logit_bias:
            given["logit_bias"] = tuple(self.logit_bias.items())
        return replace(entry.sampling.sampling(), **given)


def _refuse_what_is_not_served(body: BaseModel, not_served: dict[str, tuple[object, ...]], where: str = "") -> None:
    for name, value in (body.model_extra or {}).items():
        if name in not_served and value is not None and value not in not_served[name]:
            allowed = " or ".join(repr(v) for v in not_served[name]) or "nothing"
            path, shown = f"{where}{name}", repr(value)
            shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
            raise InvalidRequestError(f"{path} is {shown}: this server takes {allowed} here", param=path)


class TextPart(BaseModel):
    """A part of a message's content."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One turn, as OpenAI sends it."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart] | None = None

    def plain(self, where: str) -> ChatMessage:
        """As templates know it: `developer` is OpenAI's newer word for `system`. `where` it is in the body."""
        _refuse_what_is_not_served(self, _NOT_SERVED_IN_MESSAGES, where)
        parts = [self.content] if isinstance(self.content, str) else [part.text for part in self.content or []]
        return ChatMessage("system" if self.role == "developer" else self.role, "".join(parts))


class ChatRequest(_Request):
    """POST /v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: MaxTokens | None = None  # OpenAI's newer name for max_tokens

    def to_generate(self, entry: ModelEntry) -> GenerateRequest:
        """The checked request. The model's own stop strings belong to its chat form, so they always hold here."""
        common = self.common(entry)
        common["max_tokens"] = self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens
        common["stop"] = (*common["stop"], *entry.stop)
        messages = tuple(m.plain(f"messages.{index}.") for index, m in enumerate(self.messages))
        return GenerateRequest(messages=messages, **common)


class CompletionRequest(_Request):
    """POST /v1/completions. One prompt; OpenAI's default of 16 tokens."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=1)]
    max_tokens: MaxTokens | None = 16

    def to_generate(self, entry: ModelEntry) -> GenerateRequest:
        """The checked request."""
        text = self.prompt if isinstance(self.prompt, str) else self.prompt[0]
        return GenerateRequest(text=text, **self.common(entry))
