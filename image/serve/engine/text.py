"""Bytes of tokens -> text that may be shown. Pure.

Two things hold text back: a character whose bytes have not all come, and the beginning of what may become a stop
string. Whatever the borders between tokens are, the text that comes out is the same.
"""

from __future__ import annotations

import codecs


class TextStream:
    """The text of one sequence. After `stopped`, nothing more comes out."""

    def __init__(self, stop: tuple[str, ...] = (), *, skip_first_space: bool = False) -> None:
        self._stops = tuple(s for s in stop if s)
        self._skip_space = skip_first_space
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stop: str | None = None  # the one that ended it

    @property
    def stopped(self) -> bool:
        """Did a stop string end the text?"""
        return self.stop is not None

    @property
    def is_holding(self) -> bool:
        """Is something held back that may yet be shown?"""
        return bool(self._held) or bool(self._decoder.getstate()[0])

    def push(self, piece: bytes) -> str:
        """Take one token's bytes, return the text that is safe to show."""
        return self._release(self._decoder.decode(piece))

    def finish(self) -> str:
        """The sequence ended: return what was held back, unless a stop string ended it."""
        text = self._release(self._decoder.decode(b"", final=True))
        if not self.stopped:
            text, self._held = text + self._held, ""
        return text

    def _release(self, new: str) -> str:
        if self.stopped or not new:
            return ""
        if self._skip_space:
            new, self._skip_space = new.removeprefix(" "), False
        text = self._held + new
        hit = _earliest(text, self._stops)
        if hit is not None:
            at, self.stop = hit
            self._held = ""
            return text[:at]
        keep = _num_held(text, self._stops)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _earliest(text: str, stop: tuple[str, ...]) -> tuple[int, str] | None:
    """Where the first complete stop string begins, and which it is, if there is one.

    The one that *ends* first wins, as it would if the characters came one by one; of two that end together, the longer.
    """
    hits = [(at + len(s), at, s) for s in stop if (at := text.find(s)) >= 0]
    return min(hits)[1:] if hits else None


def _num_held(text: str, stop: tuple[str, ...]) -> int:
    """How many characters at the end of the text could be the beginning of a stop string."""
    longest = max((len(s) - 1 for s in stop), default=0)
    for size in range(min(longest, len(text)), 0, -1):
        tail = text[len(text) - size :]
        if any(s.startswith(tail) for s in stop):
            return size
    return 0
