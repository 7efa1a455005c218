"""The KV cache of one context, as the engine's Memory, and its state on disk."""

# ruff: noqa: FBT003  (C functions take their flags by position)

from __future__ import annotations

import ctypes
import struct
from pathlib import Path
from typing import Any

from serve.engine.errors import StateError
from serve.engine.llama.library import C, log

_HEAD = struct.Struct("=III")


class ContextMemory:
    """What llama.cpp remembers of each sequence. A model that reads a text at once has none."""

    def __init__(self, context: Any, *, window_tokens: int, is_exact: bool, copies: bool) -> None:
        self._context = context
        self._memory = C.llama_get_memory(context)
        self._is_exact = is_exact
        self._window_tokens = window_tokens
        self._pending: set[int] = set()  # ids whose copy is made by the next decode
        self.copies = copies

    @property
    def forks_anywhere(self) -> bool:
        """Only a memory that keeps everything can be copied up to any place."""
        return not self._is_exact and self._window_tokens == 0

    @property
    def window_tokens(self) -> int:
        """The sliding window, where sequences share its cells."""
        return 0 if self.copies else self._window_tokens

    @property
    def can_trim(self) -> bool:
        """A recurrent state can't go back."""
        return not self._is_exact

    def can_fork(self, seq: int, num_tokens: int) -> bool:
        """A window must still hold what the next token looks back at; a recurrent state must be exactly there."""
        first, last = C.llama_memory_seq_pos_min(self._memory, seq), C.llama_memory_seq_pos_max(self._memory, seq)
        if last + 1 < num_tokens or first < 0:
            return False
        if self._is_exact and last + 1 != num_tokens:
            return False
        return self._window_tokens == 0 or first <= max(0, num_tokens - self._window_tokens)

    def fork(self, source: int, seq: int, num_tokens: int) -> None:
        """Share cells or, where each id has its own, copy them all and forget those after the first ones."""
        if num_tokens and self.copies:
            C.llama_memory_seq_cp(self._memory, source, seq, -1, -1)
            C.llama_memory_seq_rm(self._memory, seq, num_tokens, -1)
            self._pending.add(seq)
        elif num_tokens:
            C.llama_memory_seq_cp(self._memory, source, seq, 0, num_tokens)

    def decoded(self) -> None:
        """The copies are made."""
        self._pending.clear()

    def trim(self, seq: int, num_tokens: int) -> bool:
        """Take out what comes after; False when this memory can't."""
        return self._memory is None or bool(C.llama_memory_seq_rm(self._memory, seq, num_tokens, -1))

    def forget(self, seq: int) -> None:
        """Take out all."""
        if self._memory is not None:
            C.llama_memory_seq_rm(self._memory, seq, -1, -1)

    def clear(self) -> None:
        """Take out all of all."""
        if self._memory is not None:
            C.llama_memory_clear(self._memory, True)

    def save(self, seq: int, path: Path, tokens: tuple[int, ...]) -> None:
        """Write a sequence's state and its tokens. Not atomic: the caller renames."""
        if seq in self._pending:
            raise StateError(f"sequence {seq} is a copy that is not made yet")
        log().clear()
        array = (C.llama_token * len(tokens))(*tokens)
        if not C.llama_state_seq_save_file(self._context, str(path).encode(), seq, array, len(tokens)):
            raise StateError(f"{path} can't be written: {log().first()}")

    def load(self, seq: int, path: Path, max_tokens: int) -> tuple[int, ...]:
        """Read one back into an empty id, which is empty again on failure. Nothing when it has more tokens."""
        if self._pending:  # what they are copies of may lie where this one comes
            raise StateError(f"{path} can't be used now: copies of others are not made yet")
        log().clear()
        if _num_tokens(path) > max_tokens:
            return ()
        tokens, count = (C.llama_token * max_tokens)(), ctypes.c_size_t(0)
        size = C.llama_state_seq_load_file(
            self._context, str(path).encode(), seq, tokens, max_tokens, ctypes.byref(count)
        )
        if not size:
            self.forget(seq)
            raise StateError(f"{path} can't be used: {log().first()}")
        return tuple(tokens[: count.value])


def _num_tokens(path: Path) -> int:
    """How many tokens a file of llama.cpp says that it has: the number after its mark and version. StateError: none."""
    with path.open("rb") as file:
        head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise StateError(f"{path} can't be used: it is too short")
    return int(_HEAD.unpack(head)[2])
