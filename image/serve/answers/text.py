"""OpenAI's text completions: chunks, and whole answers. One form for both, so a whole answer is its chunks, joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from serve.answers.frame import Chunk, Frame, progress, timings, usage
from serve.answers.logprobs import columns, text
from serve.answers.turns import Begun, Ended, Reading, Said, Turn, Turns
from serve.chat.types import Content, Piece
from serve.engine.types import TokenScore

KIND = "text_completion"


class TextStream:
    """Turns -> chunks."""

    def __init__(self, frame: Frame, turns: Turns, *, has_logprobs: bool) -> None:
        self._frame = frame
        self._turns = turns
        self._has_logprobs = has_logprobs
        self._offsets: dict[int, int] = {}  # choice -> how many characters its tokens so far are

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """One for each thing said."""
        for turn in turns:
            match turn:
                case Begun(echo=""):
                    pass
                case Begun():
                    yield self._chunk(turn.choice, turn.echo, turn.scores)
                case Reading():
                    yield self._chunk(turn.choice, "", ()) | progress(turn.read)
                case Said():
                    yield self._chunk(turn.choice, said_text(turn.pieces), turn.scores)
                case Ended():
                    yield self._chunk(turn.choice, "", (), reason=turn.reason)

    def last(self) -> Iterator[Chunk]:
        """When all choices have ended."""
        if self._frame.include_usage:
            tally = self._turns.tally
            yield self._frame.chunk(KIND, []) | {"usage": usage(tally), "timings": timings(tally)}

    def _chunk(self, index: int, said: str, scores: tuple[TokenScore, ...], reason: str | None = None) -> Chunk:
        offset = self._offsets.get(index, 0)
        logprobs = columns(scores, offset) if self._has_logprobs and scores else None
        self._offsets[index] = offset + sum(len(text(score.piece)) for score in scores)
        choice = {"index": index, "text": said, "logprobs": logprobs, "finish_reason": reason}
        chunk = self._frame.chunk(KIND, [choice])
        if self._frame.timings_per_token:
            chunk["timings"] = timings(self._turns.tally)
        return chunk


@dataclass(slots=True)
class _Whole:
    said: list[str] = field(default_factory=list)
    scores: list[TokenScore] = field(default_factory=list)
    reason: str | None = None


class WholeText:
    """Turns -> one answer."""

    def __init__(self, frame: Frame, turns: Turns, *, has_logprobs: bool) -> None:
        self._frame = frame
        self._turns = turns
        self._has_logprobs = has_logprobs
        self._choices: dict[int, _Whole] = {}

    def take(self, turns: list[Turn]) -> None:
        """More of it."""
        for turn in turns:
            whole = self._choices.setdefault(turn.choice, _Whole())
            match turn:
                case Begun():
                    whole.said.append(turn.echo)
                    whole.scores.extend(turn.scores)
                case Said():
                    whole.said.append(said_text(turn.pieces))
                    whole.scores.extend(turn.scores)
                case Ended():
                    whole.reason = turn.reason

    def answer(self) -> Chunk:
        """When all choices have ended."""
        choices = [
            {
                "index": index,
                "text": "".join(whole.said),
                "logprobs": columns(whole.scores, 0) if self._has_logprobs else None,
                "finish_reason": whole.reason,
            }
            for index, whole in sorted(self._choices.items())
        ]
        tally = self._turns.tally
        return self._frame.chunk(KIND, choices) | {"usage": usage(tally), "timings": timings(tally)}


def said_text(pieces: tuple[Piece, ...]) -> str:
    """Text that no parser has read is content only."""
    return "".join(piece.text for piece in pieces if isinstance(piece, Content))
