"""DRY samplers: what breaks a repetition is looked up in the whole vocabulary once, not for every request.

llama.cpp compares each breaker with each token: with 262144 of them, measured, 0.05 s for a letter and 0.5 s for a
word, in which no other sequence gets a token. So a sampler is made once and copied, and their breakers are counted.
"""

from __future__ import annotations

import ctypes
from typing import Any

from serve.engine.errors import RefusedError
from serve.engine.llama.library import C
from serve.engine.types import MAX_DRY_BREAKERS, FailureKind, Sampling

_MAX_MADE = 8

_Key = tuple[float, float, int, int, tuple[str, ...]]


class DrySamplers:
    """Those of one model."""

    def __init__(self, vocab: Any) -> None:
        self._vocab = vocab
        self._made: dict[_Key, Any] = {}  # the one used last is the last one

    def copy(self, sampling: Sampling, window: int) -> Any:
        """A new one for one sequence. RefusedError: too many breakers."""
        if len(sampling.dry_breakers) > MAX_DRY_BREAKERS:
            text = (
                f"there are {len(sampling.dry_breakers)} DRY sequence breakers: at most {MAX_DRY_BREAKERS} are allowed"
            )
            raise RefusedError(FailureKind.UNSUPPORTED, text)
        multiplier, base = sampling.dry_multiplier, sampling.dry_base
        key = (multiplier, base, sampling.dry_allowed_tokens, window, sampling.dry_breakers)
        if key not in self._made and len(self._made) == _MAX_MADE:
            C.llama_sampler_free(self._made.pop(next(iter(self._made))))
        made = self._made.pop(key, None) or self._make(key)
        self._made[key] = made
        return C.llama_sampler_clone(made)

    def _make(self, key: _Key) -> Any:
        multiplier, base, allowed, window, breakers = key
        words = [word.encode("utf-8", "replace") for word in breakers]
        array = (ctypes.c_char_p * len(words))(*words)
        return C.llama_sampler_init_dry(self._vocab, multiplier, base, allowed, window, array, len(words))

    def close(self) -> None:
        """Give C's memory back."""
        for made in self._made.values():
            C.llama_sampler_free(made)
        self._made.clear()
