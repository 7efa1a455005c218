"""llama.cpp's own requests: /completion, /tokenize, /detokenize, /lora-adapters."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, RootModel, WithJsonSchema

from serve.engine.types import NO_SEED
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.body import Body
from serve.wire.common import MAX_TOKENS, TextFields
from serve.wire.prompts import Mixed, Prompts, Token, is_list_of_prompts, read_prompts
from serve.wire.refuse import Neutral, refuse_what_is_not_served

MAX_PROBS = 100
# They change which token is chosen, in ways that the engine does not know.
_NOT_SERVED: Neutral = {
    "post_sampling_probs": (False,),
    "dynatemp_range": (0, 0.0),
    "top_n_sigma": (-1, -1.0),
    "adaptive_target": (-1, -1.0),
    "input_prefix": ("",),
    "input_suffix": ("",),
}
_TEXTS = {"type": "array", "items": {"type": "string"}}  # a token among them is refused in words of its own


class NativeRequest(TextFields):
    """POST /completion. A negative n_predict is as many tokens as fit, a negative seed is chance."""

    prompt: Prompts
    n_predict: Annotated[int, Field(le=MAX_TOKENS)] | None = None
    max_tokens: Annotated[int, Field(le=MAX_TOKENS)] | None = None
    n_probs: Annotated[int, Field(ge=0, le=MAX_PROBS)] = 0
    return_tokens: bool = False
    response_fields: list[str] | None = None

    @property
    def wants_list(self) -> bool:
        """Does the client expect a list of answers?"""
        return is_list_of_prompts(self.prompt) or self.num_choices > 1

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked requests, one for each prompt."""
        refuse_what_is_not_served(self, _NOT_SERVED)
        common = self.common(entry) | {"max_tokens": self._max_tokens(entry), "form": self.form(), "echoes": True}
        if self.seed is not None and self.seed < 0:
            common["sampling"] = replace(common["sampling"], seed=NO_SEED)
        # Which tokens came is known of those that are scored.
        tells_tokens = self.return_tokens or self.stream or self.n_probs
        num_logprobs = self.n_probs if tells_tokens else None
        return [GenerateRequest(prompt, num_logprobs=num_logprobs, **common) for prompt in read_prompts(self.prompt)]

    def settings(self, request: GenerateRequest) -> dict[str, Any]:
        """What is told back, under llama.cpp's names."""
        return generation_settings(request) | {
            "n_probs": self.n_probs,
            "stream": self.stream,
            "timings_per_token": self.timings_per_token,
        }

    def _max_tokens(self, entry: ModelEntry) -> int | None:
        asked = self.n_predict if self.n_predict is not None else self.max_tokens
        if asked is None:
            return entry.max_tokens
        return None if asked < 0 else asked


def generation_settings(request: GenerateRequest) -> dict[str, Any]:
    """All that decides an answer, under llama.cpp's names."""
    sampling, num_predict = request.sampling, -1 if request.max_tokens is None else request.max_tokens
    return {
        "seed": sampling.seed if sampling.seed != NO_SEED else -1,
        "temperature": sampling.temperature,
        "dynatemp_range": 0.0,
        "dynatemp_exponent": 1.0,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "top_n_sigma": -1.0,
        "xtc_probability": sampling.xtc_probability,
        "xtc_threshold": sampling.xtc_threshold,
        "typical_p": sampling.typical_p,
        "repeat_last_n": sampling.penalty_window_tokens,
        "repeat_penalty": sampling.repeat_penalty,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "dry_multiplier": sampling.dry_multiplier,
        "dry_base": sampling.dry_base,
        "dry_allowed_length": sampling.dry_allowed_tokens,
        "dry_penalty_last_n": sampling.dry_window_tokens,
        "dry_sequence_breakers": list(sampling.dry_breakers),
        "mirostat": sampling.mirostat,
        "mirostat_tau": sampling.mirostat_tau,
        "mirostat_eta": sampling.mirostat_eta,
        "adaptive_target": -1.0,
        "adaptive_decay": 0.9,
        "stop": list(request.stop),
        "max_tokens": num_predict,
        "n_predict": num_predict,
        "n_keep": 0,
        "n_discard": 0,
        "ignore_eos": request.ignore_eos,
        "logit_bias": [{"token": token, "bias": None if bias < -1000 else bias} for token, bias in sampling.logit_bias],
        "min_keep": 0,
        "grammar": request.form.source if request.form.kind == "grammar" else "",
        "post_sampling_probs": False,
        "lora": [{"name": adapter.name, "scale": adapter.scale} for adapter in request.adapters],
    }


class TokenizeRequest(Body):
    """POST /tokenize."""

    model: str | None = None
    content: str | Annotated[Mixed, WithJsonSchema(_TEXTS)] = ""
    add_special: bool = False
    parse_special: bool = True
    with_pieces: bool = False


class DetokenizeRequest(Body):
    """POST /detokenize."""

    model: str | None = None
    tokens: list[Token] = Field([], max_length=MAX_TOKENS)


class AdapterScale(Body):
    """How much of an adapter."""

    id: Annotated[int, Field(ge=0)]
    scale: Annotated[float, Field(ge=-100, le=100)]


class AdapterScales(RootModel[list[AdapterScale]]):
    """POST /lora-adapters: those that are not in the list are off."""
