"""How the next token is chosen: the fields of OpenAI and of llama.cpp, each within its bounds."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator

from serve.engine.types import MAX_DRY_BREAKERS, Sampling
from serve.models import MinP, ModelEntry, Penalty, RepeatPenalty, SamplingDefaults, Temperature, TopP
from serve.wire.body import Body

MAX_BIASES = 4096
TopKField = Annotated[int, Field(ge=-1, le=2**31 - 1)]  # -1 is 0: all tokens
Share = Annotated[float, Field(ge=0, le=1)]
Window = Annotated[int, Field(ge=-1, le=4_194_304)]  # tokens; -1 is the whole context
Breakers = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=MAX_DRY_BREAKERS)]

Bias = Annotated[float, Field(allow_inf_nan=True)]  # checked where they are read
# As clients write them, for the document; `false` is never.
_Text = Annotated[str, Field(min_length=1)]
_Wish = Annotated[float, Field(ge=-100, le=100)] | Literal[False]
_Pair = tuple[Annotated[int, Field(ge=0, lt=2**31)] | _Text, _Wish]
_Biases = (
    Annotated[dict[_Text, _Wish], Field(max_length=MAX_BIASES)]
    | Annotated[list[_Pair], Field(max_length=MAX_BIASES)]
    | None
)

# Field -> the same in Sampling.
_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "xtc_probability": "xtc_probability",
    "xtc_threshold": "xtc_threshold",
    "repetition_penalty": "repeat_penalty",
    "repeat_penalty": "repeat_penalty",
    "repeat_last_n": "penalty_window_tokens",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "dry_multiplier": "dry_multiplier",
    "dry_base": "dry_base",
    "dry_allowed_length": "dry_allowed_tokens",
    "dry_penalty_last_n": "dry_window_tokens",
    "mirostat": "mirostat",
    "mirostat_tau": "mirostat_tau",
    "mirostat_eta": "mirostat_eta",
}
_TOKEN = re.compile(r"\d{1,9}")


class SamplingFields(Body):
    """What one request may say about sampling. None: as the model is set."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopKField | None = None
    min_p: MinP | None = None
    typical_p: Share | None = None
    xtc_probability: Share | None = None
    xtc_threshold: Share | None = None
    repeat_penalty: RepeatPenalty | None = None
    repetition_penalty: RepeatPenalty | None = None  # vLLM's name for it
    repeat_last_n: Window | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    dry_multiplier: Annotated[float, Field(ge=0, le=100)] | None = None
    dry_base: Annotated[float, Field(ge=1, le=100)] | None = None
    dry_allowed_length: Annotated[int, Field(ge=0, le=4_194_304)] | None = None
    dry_penalty_last_n: Window | None = None
    dry_sequence_breakers: Breakers | None = None
    mirostat: Annotated[int, Field(ge=0, le=2)] | None = None
    mirostat_tau: Annotated[float, Field(ge=0, le=100)] | None = None
    mirostat_eta: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    logit_bias: tuple[tuple[int | str, Bias], ...] | None = None

    @field_validator("logit_bias", mode="before", json_schema_input_type=_Biases)
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        """OpenAI's object and llama.cpp's list, keys of tokens or of text, become pairs."""
        if not isinstance(value, dict | list):
            return value
        pairs = list(value.items()) if isinstance(value, dict) else value
        if len(pairs) > MAX_BIASES:
            raise ValueError(f"at most {MAX_BIASES} biases are allowed")
        return tuple(_pair(pair) for pair in pairs)

    def sampling(self, entry: ModelEntry) -> Sampling:
        """All values: the request's, else the model's, else the engine's."""
        asked = ((_NAMES[name], getattr(self, name)) for name in self.model_fields_set & _NAMES.keys())
        given: dict[str, Any] = {ours: value for ours, value in asked if value is not None}
        if given.get("top_k") == -1:
            given["top_k"] = 0
        if self.dry_sequence_breakers is not None:
            given["dry_breakers"] = tuple(self.dry_sequence_breakers)
        if self.seed is not None:
            given["seed"] = self.seed % (2**32 - 1)  # the engine's seeds are 32 bits; all ones means "choose one"
        if self.logit_bias:
            given["logit_bias"] = tuple((key, bias) for key, bias in self.logit_bias if isinstance(key, int))
        return replace(of_model(entry.sampling), **given)

    @property
    def text_bias(self) -> tuple[tuple[str, float], ...]:
        """The biases whose tokens only the model's tokenizer knows."""
        return tuple((key, bias) for key, bias in self.logit_bias or () if isinstance(key, str))


@lru_cache
def of_model(defaults: SamplingDefaults) -> Sampling:
    """What a request gets that says nothing; made once, not for each."""
    return defaults.sampling()


def _pair(pair: Any) -> tuple[int | str, float]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise ValueError("each bias is a pair of a token or text and a number")
    key, bias = pair
    if isinstance(key, str) and _TOKEN.fullmatch(key):
        key = int(key)  # JSON objects have no other keys
    if isinstance(key, bool) or not isinstance(key, int | str) or key == "" or (isinstance(key, int) and key < 0):
        raise ValueError("a bias is for a token, by its number, or for a text")
    if isinstance(key, int) and key >= 2**31:
        raise ValueError("tokens are below 2147483648")
    if bias is False:
        return key, float("-inf")  # llama.cpp's way to say never
    if isinstance(bias, bool) or not isinstance(bias, int | float) or not -100 <= bias <= 100:
        raise ValueError("a bias is a number from -100 to 100, or false for never")
    return key, float(bias)
