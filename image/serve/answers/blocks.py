"""One choice as a row of blocks (thoughts, text, calls), each opened, grown and closed before the next.

OpenAI's responses and Anthropic's messages tell answers so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from serve.answers.turns import Said
from serve.chat.types import Content, Piece, Reasoning, ToolArguments, ToolCallStart
from serve.engine.types import TokenScore


class Kind(StrEnum):
    """What a block is."""

    TEXT = "text"
    THOUGHTS = "thoughts"
    CALL = "call"


@dataclass(slots=True)
class Block:
    """One of them, as far as it is known. The text of a call is its arguments."""

    index: int
    kind: Kind
    call_id: str = ""
    name: str = ""
    parts: list[str] = field(default_factory=list)
    scores: list[TokenScore] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.parts)


@dataclass(frozen=True, slots=True)
class Opened:
    """A block begins."""

    block: Block


@dataclass(frozen=True, slots=True)
class Grown:
    """A block goes on."""

    block: Block
    text: str
    scores: tuple[TokenScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """A block is whole."""

    block: Block


Change = Opened | Grown | Closed


class Blocks:
    """What is said, in; changes, out."""

    def __init__(self) -> None:
        self.all: list[Block] = []
        self._open: Block | None = None
        self._scores: tuple[TokenScore, ...] = ()  # of tokens that nothing came of yet

    def take(self, said: Said) -> Iterator[Change]:
        """More of it. Scores are of text only: those of tokens that text came of."""
        self._scores += said.scores
        for piece in said.pieces:
            yield from self._piece(piece)

    def end(self) -> Iterator[Change]:
        """Nothing more comes. An answer that says nothing says so by an empty text: clients read its first block."""
        if not self.all:
            yield from self._begin(Block(0, Kind.TEXT))
        yield from self._close()

    def _piece(self, piece: Piece) -> Iterator[Change]:
        scores, self._scores = self._scores, ()
        match piece:
            case Content():
                yield from self._grow(Kind.TEXT, piece.text, scores)
            case Reasoning():
                yield from self._grow(Kind.THOUGHTS, piece.text)
            case ToolCallStart():
                yield from self._begin(Block(len(self.all), Kind.CALL, piece.id, piece.name))
            case ToolArguments():
                yield from self._grow(Kind.CALL, piece.text)

    def _grow(self, kind: Kind, text: str, scores: tuple[TokenScore, ...] = ()) -> Iterator[Change]:
        if self._open is None or self._open.kind is not kind:
            yield from self._begin(Block(len(self.all), kind))
        assert self._open is not None
        self._open.parts.append(text)
        self._open.scores.extend(scores)
        yield Grown(self._open, text, scores)

    def _begin(self, block: Block) -> Iterator[Change]:
        yield from self._close()
        self._open = block
        self.all.append(block)
        yield Opened(block)

    def _close(self) -> Iterator[Change]:
        if self._open is not None:
            closed, self._open = self._open, None
            yield Closed(closed)
