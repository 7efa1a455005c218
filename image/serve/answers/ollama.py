"""Ollama's answers: lines of a stream, and whole answers. One form for both, so a whole answer is its lines, joined.

Generate and chat differ in where words stand (Form): side by side, or in a message. A call is told when it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from serve.answers.frame import Chunk
from serve.answers.logprobs import entries
from serve.answers.turns import TOOL_CALLS, Ended, Said, Tally, Turn, Turns
from serve.chat.types import Content, Piece, Reasoning, ToolArguments, ToolCallStart

_NS = 1_000_000_000


@dataclass(slots=True)
class Words:
    """What was said, or a part of it."""

    content: str = ""
    thinking: str = ""
    calls: list[Chunk] = field(default_factory=list)
    logprobs: list[Chunk] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Is there anything?"""
        return bool(self.content or self.thinking or self.calls or self.logprobs)


Form = Callable[[Words], Chunk]


def as_response(words: Words) -> Chunk:
    """For generate."""
    return {"response": words.content} | ({"thinking": words.thinking} if words.thinking else {})


def as_message(words: Words) -> Chunk:
    """For chat."""
    message: Chunk = {"role": "assistant", "content": words.content}
    if words.thinking:
        message["thinking"] = words.thinking
    if words.calls:
        message["tool_calls"] = words.calls
    return {"message": message}


@dataclass(frozen=True, slots=True)
class OllamaFrame:
    """What every line of one answer has, and when its request came, on the clock of its Turns."""

    model: str
    form: Form
    came_s: float
    now_ns: Callable[[], int]

    def line(self, words: Words, **more: Any) -> Chunk:
        """With these words."""
        logprobs = {"logprobs": words.logprobs} if words.logprobs else {}
        stamp = {"model": self.model, "created_at": moment(self.now_ns())}
        return stamp | self.form(words) | {"done": False} | logprobs | more


class _Calls:
    """Pieces of calls until they are whole."""

    def __init__(self) -> None:
        self._id = self._name = ""
        self._arguments: list[str] = []
        self._is_open = False
        self._num_told = 0

    def start(self, piece: ToolCallStart) -> Words:
        """The next one; what the one before was."""
        before = self.end()
        self._id, self._name, self._arguments, self._is_open = piece.id, piece.name, [], True
        return before

    def go_on(self, piece: ToolArguments) -> None:
        """More of it."""
        self._arguments.append(piece.text)

    def end(self) -> Words:
        """The open one. A call that was cut off is told as text: nobody could call that."""
        if not self._is_open:
            return Words()
        self._is_open, text = False, "".join(self._arguments)
        try:
            arguments = json.loads(text or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            return Words(content=text)
        function = {"index": self._num_told, "name": self._name, "arguments": arguments}
        self._num_told += 1
        return Words(calls=[{"id": self._id, "function": function}])


class _Reader:
    """Turns -> words, and the last line."""

    def __init__(self, frame: OllamaFrame, turns: Turns, context: Callable[[str], Chunk] | None = None) -> None:
        self._frame = frame
        self._turns = turns
        self._context = context
        self._calls = _Calls()
        self._content: list[str] = []
        self._reason = ""

    def read(self, turn: Turn) -> Words:
        """What it says."""
        words = Words()
        match turn:
            case Said():
                words = _joined([self._words(piece) for piece in turn.pieces])
                words.logprobs = entries(turn.scores)
            case Ended():
                words = self._calls.end()
                self._reason = "stop" if turn.reason == TOOL_CALLS else turn.reason
            case _:
                pass
        self._content.append(words.content)
        return words

    def _words(self, piece: Piece) -> Words:
        match piece:
            case Content():
                words = self._calls.end()
                words.content += piece.text
                return words
            case Reasoning():
                return Words(thinking=piece.text)
            case ToolCallStart():
                return self._calls.start(piece)
            case ToolArguments():
                self._calls.go_on(piece)
                return Words()

    def last_line(self, words: Words) -> Chunk:
        """With these words, and all that is known in the end."""
        more = {} if self._context is None else self._context("".join(self._content))
        times = durations(self._turns.tally, self._frame.came_s)
        return self._frame.line(words, done=True, done_reason=self._reason) | more | times


class OllamaStream:
    """Turns -> lines. `context` makes the last line's of all that was said."""

    def __init__(self, frame: OllamaFrame, turns: Turns, context: Callable[[str], Chunk] | None = None) -> None:
        self._frame = frame
        self._reader = _Reader(frame, turns, context)

    def chunks(self, turns: Iterable[Turn]) -> Iterator[Chunk]:
        """One for each thing said."""
        for turn in turns:
            if words := self._reader.read(turn):
                yield self._frame.line(words)

    def last(self) -> Iterator[Chunk]:
        """When it has ended."""
        yield self._reader.last_line(Words())


class WholeOllama:
    """Turns -> one answer."""

    def __init__(self, frame: OllamaFrame, turns: Turns, context: Callable[[str], Chunk] | None = None) -> None:
        self._reader = _Reader(frame, turns, context)
        self._parts: list[Words] = []

    def take(self, turns: Iterable[Turn]) -> None:
        """More of it."""
        self._parts += [words for turn in turns if (words := self._reader.read(turn))]

    def answer(self) -> Chunk:
        """When it has ended."""
        return self._reader.last_line(_joined(self._parts))


def _joined(parts: list[Words]) -> Words:
    return Words(
        "".join(part.content for part in parts),
        "".join(part.thinking for part in parts),
        [call for part in parts for call in part.calls],
        [score for part in parts for score in part.logprobs],
    )


def durations(tally: Tally, came_s: float) -> Chunk:
    """In nanoseconds. Loading is all before the model had the request, so a wait for its turn counts as reading.

    A short answer may come in one piece, and took no time that could be seen. Clients divide by what it took, though.
    """
    first_s = tally.first_s or tally.last_s
    least = min(tally.num_generated_tokens, 1)
    return {
        "total_duration": nanoseconds(tally.last_s - came_s),
        "load_duration": nanoseconds(tally.began_s - came_s),
        "prompt_eval_count": tally.num_prompt_tokens,
        "prompt_eval_duration": nanoseconds(first_s - tally.began_s),
        "eval_count": tally.num_generated_tokens,
        "eval_duration": max(least, nanoseconds(tally.last_s - first_s)),
    }


def nanoseconds(seconds: float) -> int:
    """As Go counts."""
    return max(0, round(seconds * _NS))


def moment(ns: int) -> str:
    """RFC 3339 in UTC, to the nanosecond."""
    seconds, rest = divmod(ns, _NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
