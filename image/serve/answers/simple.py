"""One text as the answer: `response`, whole or in pieces, and what there is to know of it at its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from serve.answers.frame import Chunk, usage
from serve.answers.text import said_text
from serve.answers.turns import Ended, Said, Turn, Turns
from serve.chat.types import Piece, Reasoning


@dataclass(frozen=True, slots=True)
class SimpleFrame:
    """Around all of one answer. `more` is told at its end; it may grow until then."""

    model: str
    request_id: str
    more: Chunk


class SimpleAnswer:
    """Turns -> chunks, or one answer: a stream and a whole in one, as both tell the same in the end."""

    def __init__(self, frame: SimpleFrame, turns: Turns) -> None:
        self._frame = frame
        self._turns = turns
        self._said: list[str] = []
        self._thought: list[str] = []
        self._reason = ""

    @property
    def text(self) -> str:
        """All that was said."""
        return "".join(self._said)

    def take(self, turns: list[Turn]) -> None:
        """More of it."""
        for turn in turns:
            match turn:
                case Said():
                    self._said.append(said_text(turn.pieces))
                    self._thought.append(_thought(turn.pieces))
                case Ended():
                    self._reason = turn.reason

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """One for each thing said."""
        self.take(turns)
        for turn in turns:
            if isinstance(turn, Said):
                chunk: Chunk = {"model": self._frame.model, "response": said_text(turn.pieces), "done": False}
                if thought := _thought(turn.pieces):
                    chunk["reasoning"] = thought
                yield chunk

    def last(self) -> Iterator[Chunk]:
        """The end."""
        yield self._end("")

    def answer(self) -> Chunk:
        """All in one."""
        answer = self._end(self.text)
        if thought := "".join(self._thought):
            answer["reasoning"] = thought
        return answer

    def _end(self, response: str) -> Chunk:
        tally = self._turns.tally
        return {
            "model": self._frame.model,
            "response": response,
            "done": True,
            "finish_reason": self._reason,
            "tokens_generated": tally.num_generated_tokens,
            "inference_ms": round((tally.last_s - tally.began_s) * 1000, 1),
            "usage": usage(tally),
            "request_id": self._frame.request_id,
            **self._frame.more,
        }


def _thought(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Reasoning))
