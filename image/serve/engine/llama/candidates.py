"""All tokens with their logits, as llama.cpp's samplers take them: one array for a process, filled by strides.

Needed only where the usual one-call sampling is not enough: constrained output and log-probabilities. Nothing here
loops over the vocabulary in Python.
"""

# ruff: noqa: FBT003  (C functions take their flags by position)

from __future__ import annotations

import ctypes
import math
from typing import Any

from serve.engine.llama.library import C

_FIELDS = 3  # llama_token_data: id, logit, p


class Candidates:
    """The array and its memory."""

    def __init__(self, num_vocab: int) -> None:
        self._num = num_vocab
        self._data = (C.llama_token_data * num_vocab)()
        raw = memoryview(self._data).cast("B")
        self._ids, self._logits = raw.cast("i")[0::_FIELDS], raw.cast("f")[1::_FIELDS]
        self._all_ids = memoryview((ctypes.c_int32 * num_vocab)(*range(num_vocab))).cast("B").cast("i")
        self._row_type = ctypes.c_float * num_vocab
        self._array = C.llama_token_data_array(self._data, num_vocab, -1, False)
        self._one = (C.llama_token_data * 1)()
        self._one_array = C.llama_token_data_array(self._one, 1, -1, False)
        self._softmax = C.llama_sampler_init_dist(0)

    def close(self) -> None:
        """Give C's memory back."""
        C.llama_sampler_free(self._softmax)

    def fill(self, logits: Any) -> None:
        """From a row of logits, as C points at it."""
        row = ctypes.cast(logits, ctypes.POINTER(self._row_type)).contents
        self._ids[:] = self._all_ids
        self._logits[:] = memoryview(row).cast("B").cast("f")
        self._array.data, self._array.size = self._data, self._num
        self._array.selected, self._array.sorted = -1, False

    def forbid(self, tokens: tuple[int, ...]) -> None:
        """Right after `fill`: these can't be chosen."""
        for token in tokens:
            self._data[token].logit = -math.inf

    def apply(self, sampler: Any) -> None:
        """Let a sampler, or a chain, cut or choose."""
        C.llama_sampler_apply(sampler, ctypes.byref(self._array))

    @property
    def chosen(self) -> int:
        """The token that a chain has chosen."""
        return int(self._array.data[self._array.selected].id)

    def allows(self, grammar: Any, token: int) -> bool:
        """Would a grammar take this token next? Tells it nothing."""
        self._one[0].id, self._one[0].logit = token, 1.0
        self._one_array.data, self._one_array.size = self._one, 1
        self._one_array.selected, self._one_array.sorted = -1, False
        C.llama_sampler_apply(grammar, ctypes.byref(self._one_array))
        return bool(self._one[0].logit != -math.inf)

    def logprobs(self, logits: Any, token: int, num_top: int) -> tuple[float, list[tuple[int, float]]]:
        """Natural logarithms of the probability of a token and of the likeliest ones, over the whole vocabulary."""
        self.fill(logits)
        self.apply(self._softmax)
        likeliest = C.llama_sampler_init_top_k(max(num_top, 1))
        self.apply(likeliest)
        C.llama_sampler_free(likeliest)
        first = self._array.data[0]
        # From the logits, not from p: the p of an unlikely token is 0 in 32 bits.
        log_sum = first.logit - math.log(first.p)
        top = [(each.id, each.logit - log_sum) for each in self._array.data[: min(num_top, self._num)]]
        return float(logits[token]) - log_sum, top
