"""OpenAI's chat completions: chunks, and whole answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from serve.answers.frame import Chunk, Frame, progress, timings, usage
from serve.answers.logprobs import entries
from serve.answers.turns import Begun, Ended, Reading, Said, Turn, Turns
from serve.chat.types import Content, Piece, Reasoning, ToolArguments, ToolCallStart
from serve.engine.types import TokenScore

CHUNK, WHOLE = "chat.completion.chunk", "chat.completion"


class ChatStream:
    """Turns -> chunks."""

    def __init__(self, frame: Frame, turns: Turns) -> None:
        self._frame = frame
        self._turns = turns

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """One for each thing said."""
        for turn in turns:
            match turn:
                case Begun():
                    yield self._chunk(_choice(turn.choice, {"role": "assistant", "content": None}))
                case Reading():
                    yield self._frame.chunk(CHUNK, [_choice(turn.choice, {})]) | progress(turn.read)
                case Said():
                    yield from self._said(turn)
                case Ended():
                    yield self._chunk(_choice(turn.choice, {}, reason=turn.reason))

    def last(self) -> Iterator[Chunk]:
        """When all choices have ended."""
        tally = self._turns.tally
        chunk = self._frame.chunk(CHUNK, []) | {"timings": timings(tally)}
        if self._frame.include_usage:
            yield chunk | {"usage": usage(tally)}

    def _said(self, said: Said) -> Iterator[Chunk]:
        logprobs = {"content": entries(said.scores)} if said.scores else None
        for piece in said.pieces or (Content(""),):
            yield self._chunk(_choice(said.choice, _delta(piece), logprobs))
            logprobs = None

    def _chunk(self, choice: Chunk) -> Chunk:
        chunk = self._frame.chunk(CHUNK, [choice])
        if self._frame.timings_per_token and "role" not in choice["delta"]:
            chunk["timings"] = timings(self._turns.tally)
        return chunk


def _choice(index: int, delta: Chunk, logprobs: Chunk | None = None, reason: str | None = None) -> Chunk:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}


def _delta(piece: Piece) -> Chunk:
    match piece:
        case Content():
            return {"content": piece.text}
        case Reasoning():
            return {"reasoning_content": piece.text}
        case ToolCallStart():
            function = {"name": piece.name, "arguments": ""}
            return {"tool_calls": [{"index": piece.index, "id": piece.id, "type": "function", "function": function}]}
        case ToolArguments():
            return {"tool_calls": [{"index": piece.index, "function": {"arguments": piece.text}}]}


@dataclass(slots=True)
class _Whole:
    """One choice, as it grows."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    scores: list[TokenScore] = field(default_factory=list)
    reason: str | None = None

    def take(self, piece: Piece) -> None:
        match piece:
            case Content():
                self.content.append(piece.text)
            case Reasoning():
                self.reasoning.append(piece.text)
            case ToolCallStart():
                self.calls.append({"id": piece.id, "type": "function", "name": piece.name, "arguments": []})
            case ToolArguments():
                self.calls[piece.index]["arguments"].append(piece.text)

    def choice(self, index: int) -> Chunk:
        content = "".join(self.content)
        message: Chunk = {"role": "assistant", "content": content if content or not self.calls else None}
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.calls:
            message["tool_calls"] = [_call(call) for call in self.calls]
        logprobs = {"content": entries(self.scores)} if self.scores else None
        return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": self.reason}


def _call(call: Chunk) -> Chunk:
    function = {"name": call["name"], "arguments": "".join(call["arguments"])}
    return {"id": call["id"], "type": "function", "function": function}


class WholeChat:
    """Turns -> one answer."""

    def __init__(self, frame: Frame, turns: Turns) -> None:
        self._frame = frame
        self._turns = turns
        self._choices: dict[int, _Whole] = {}

    def take(self, turns: list[Turn]) -> None:
        """More of it."""
        for turn in turns:
            whole = self._choices.setdefault(turn.choice, _Whole())
            match turn:
                case Said():
                    for piece in turn.pieces:
                        whole.take(piece)
                    whole.scores.extend(turn.scores)
                case Ended():
                    whole.reason = turn.reason

    def answer(self) -> Chunk:
        """When all choices have ended."""
        choices = [self._choices[index].choice(index) for index in sorted(self._choices)]
        tally = self._turns.tally
        answer = self._frame.chunk(WHOLE, choices) | {"usage": usage(tally), "timings": timings(tally)}
        if self._frame.verbose:
            answer["__verbose"] = {"prompt": self._turns.prompt_text}
        return answer
