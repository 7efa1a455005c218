"""What requests for text share, whichever API they come by."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from serve.engine.types import Adapter
from serve.errors import InvalidRequestError
from serve.models import ModelEntry
from serve.wire.body import Body, Flag
from serve.wire.form import FormFields
from serve.wire.refuse import Neutral, refuse_what_is_not_served
from serve.wire.sampling import SamplingFields

MAX_CHOICES = 128
MAX_TOKENS = 4_194_304
MaxTokens = Annotated[int, Field(ge=1, le=MAX_TOKENS)]
Stop = Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=16)]
QueueTimeout = Annotated[float, Field(ge=0, le=86_400)]
Priority = Annotated[int, Field(ge=-1000, le=1000)]

_NOT_SERVED: Neutral = {
    "functions": ([],),
    "function_call": ("none", "auto"),
    "modalities": (["text"],),
    "audio": (),
    "moderation": (),
    "web_search_options": (),
}


class AdapterField(Body):
    """A LoRA adapter of the model, by its name or by its place in the list, and how much of it."""

    name: str | None = None
    id: Annotated[int, Field(ge=0)] | None = None
    scale: Annotated[float, Field(ge=-100, le=100)] = 1.0

    def adapter(self, entry: ModelEntry, where: str) -> Adapter:
        """Named as the engine knows it."""
        names = [adapter.name for adapter in entry.adapters]
        if self.name is not None and self.name in names:
            return Adapter(self.name, self.scale)
        if self.name is None and self.id is not None and self.id < len(names):
            return Adapter(names[self.id], self.scale)
        asked = self.id if self.name is None else repr(self.name)
        known = ", ".join(names) or "none"
        raise InvalidRequestError(f"{where} is {asked}: model {entry.id!r} has the adapters: {known}", param=where)


Lora = Annotated[list[AdapterField], Field(max_length=64)]


class StreamOptions(Body):
    """What a stream brings besides text."""

    include_usage: Flag = False


class TextFields(SamplingFields, FormFields):
    """The fields of every request for text."""

    model: str | None = None
    stream: Flag = False
    stream_options: StreamOptions | None = None
    max_tokens: MaxTokens | None = None
    n: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    best_of: Annotated[int, Field(ge=1, le=MAX_CHOICES)] | None = None
    stop: str | Stop | None = None
    ignore_eos: Flag = False
    priority: Priority | None = None  # lower is sooner, as in vLLM
    queue_timeout: QueueTimeout | None = None  # seconds that it may wait for a slot
    lora: Lora | None = None
    id_slot: Annotated[int, Field(ge=-1, le=MAX_TOKENS)] | None = None  # -1 is none; they are counted in a circle
    timings_per_token: Flag = False
    return_progress: Flag = False  # how far the prompt is, in a stream
    verbose: bool | None = None  # tells the prompt as the model got it; None: where the server's log is at `debug`

    @property
    def include_usage(self) -> bool:
        """Does the stream end with a chunk of usage?"""
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def num_choices(self) -> int:
        """How many answers to each prompt."""
        return self.n or 1

    def common(self, entry: ModelEntry) -> dict[str, Any]:
        """The fields of a GenerateRequest that do not depend on the kind of prompt."""
        refuse_what_is_not_served(self, _NOT_SERVED)
        if self.best_of is not None and self.best_of != self.num_choices:
            raise InvalidRequestError(
                f"best_of is {self.best_of}: this server takes what n is, {self.num_choices}, here", param="best_of"
            )
        asked = [self.stop] if isinstance(self.stop, str) else (self.stop or [])
        return {
            "max_tokens": entry.max_tokens if self.max_tokens is None else self.max_tokens,
            "sampling": self.sampling(entry),
            "text_bias": self.text_bias,
            "stop": tuple(s for s in asked if s),
            "ignore_eos": self.ignore_eos,
            "num_choices": self.num_choices,
            "tells_progress": self.stream and self.return_progress,
            "adapters": adapters(self.lora, entry),
            "priority": -(self.priority or 0),
            "wait_s": self.queue_timeout,
            "slot": None if self.id_slot in (None, -1) else self.id_slot % entry.num_slots,
        }


def adapters(asked: list[AdapterField] | None, entry: ModelEntry) -> tuple[Adapter, ...]:
    """Those that the request names, or those that the model is set to; without any of scale 0."""
    if asked is None:
        found = [Adapter(adapter.name, adapter.scale) for adapter in entry.adapters]
    else:
        found = [each.adapter(entry, f"lora.{index}") for index, each in enumerate(asked)]
    return tuple(adapter for adapter in found if adapter.scale != 0)
