"""The batch: chunks -> rows of C arrays that live as long as the context.

Filled by slices: a loop in Python over the rows of a long prompt would cost more than everything else around a decode.
"""

from __future__ import annotations

import ctypes
from typing import Any

from serve.engine.llama.library import C
from serve.engine.sequence import Chunk


class Rows:
    """Room for one step."""

    def __init__(self, num_rows: int) -> None:
        self._tokens: Any = (C.llama_token * num_rows)()
        self._positions: Any = (ctypes.c_int32 * num_rows)()
        self._seqs: Any = (ctypes.c_int32 * num_rows)()
        self._outputs: Any = (ctypes.c_int8 * num_rows)()
        num_seqs = (ctypes.c_int32 * num_rows)(*([1] * num_rows))
        pointer = ctypes.POINTER(ctypes.c_int32)
        base, size = ctypes.addressof(self._seqs), ctypes.sizeof(ctypes.c_int32)
        seq_pointers = (pointer * num_rows)(*(ctypes.cast(base + row * size, pointer) for row in range(num_rows)))
        self.batch: Any = C.llama_batch(
            n_tokens=0,
            token=self._tokens,
            embd=None,
            pos=self._positions,
            n_seq_id=num_seqs,
            seq_id=seq_pointers,
            logits=self._outputs,
        )
        self._alive = (num_seqs, seq_pointers)  # C holds no references
        self.first: dict[int, int] = {}  # sequence id -> the first row of its chunk

    def fill(self, chunks: tuple[Chunk, ...]) -> None:
        """All rows of a step."""
        row = 0
        self.first.clear()
        for chunk in chunks:
            num = len(chunk.tokens)
            end = row + num
            if num == 1:
                self._tokens[row], self._positions[row], self._seqs[row] = chunk.tokens[0], chunk.start, chunk.seq
                self._outputs[row] = chunk.num_outputs
            else:
                self._tokens[row:end] = chunk.tokens
                self._positions[row:end] = range(chunk.start, chunk.end)
                self._seqs[row:end] = (chunk.seq,) * num
                num_silent = num - chunk.num_outputs
                self._outputs[row:end] = (0,) * num_silent + (1,) * chunk.num_outputs
            self.first[chunk.seq] = row
            row = end
        self.batch.n_tokens = row
