"""Where a text first says one of some words, whatever the borders between its pieces. Pure, O(1) per byte."""

from __future__ import annotations


class Trigger:
    """Waits for the first of its words."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = tuple(word.encode() for word in words if word)
        self._keep = max((len(word) for word in self._words), default=1) - 1
        self._tail = b""

    def push(self, piece: bytes) -> bytes | None:
        """The next piece. Once a word is complete: what came after it; None until then. The first to end wins."""
        text = self._tail + piece
        ends = [text.find(word) + len(word) for word in self._words if word in text]
        self._tail = text[len(text) - self._keep :] if self._keep else b""
        return text[min(ends) :] if ends else None
