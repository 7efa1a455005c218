"""Anthropic's messages: the events of a stream, and whole answers."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from serve.answers.blocks import Block, Blocks, Change, Closed, Grown, Kind, Opened
from serve.answers.frame import Chunk
from serve.answers.turns import TOOL_CALLS, Begun, Ended, Said, Turn, Turns
from serve.engine.types import FinishReason

# Clients drop thoughts that nobody signed instead of sending them back. Nobody checks it here.
SIGNATURE = "unsigned"
_DELTAS = {
    Kind.TEXT: ("text_delta", "text"),
    Kind.THOUGHTS: ("thinking_delta", "thinking"),
    Kind.CALL: ("input_json_delta", "partial_json"),
}
_STARTS: dict[Kind, Chunk] = {
    Kind.TEXT: {"type": "text", "text": ""},
    Kind.THOUGHTS: {"type": "thinking", "thinking": "", "signature": ""},
    Kind.CALL: {"type": "tool_use", "input": {}},
}


@dataclass(frozen=True, slots=True)
class MessageFrame:
    """What is known before the answer. `stops`: the client's own stop sequences."""

    id: str
    model: str
    stops: Collection[str] = ()
    hides_thoughts: bool = False


class MessageStream:
    """Turns -> events."""

    def __init__(self, frame: MessageFrame, turns: Turns) -> None:
        self._frame = frame
        self._turns = turns
        self._blocks = Blocks()
        self._end: Chunk = {"stop_reason": None, "stop_sequence": None}

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """All that this brings."""
        for turn in turns:
            match turn:
                case Begun():
                    yield {"type": "message_start", "message": self._message([])}
                    yield {"type": "ping"}
                case Said():
                    for change in self._blocks.take(turn):
                        yield from self._change(change)
                case Ended():
                    self._end = _end(turn, self._frame.stops)
                    for change in self._blocks.end():
                        yield from self._change(change)

    def last(self) -> Iterator[Chunk]:
        """Why it ended, and the count. Only now it is known what was in the cache."""
        yield {"type": "message_delta", "delta": self._end, "usage": self._usage()}
        yield {"type": "message_stop"}

    def message(self) -> Chunk:
        """When it has ended."""
        return self._message([self._whole(block) for block in self._blocks.all])

    def _message(self, content: list[Chunk]) -> Chunk:
        return {
            "id": self._frame.id,
            "type": "message",
            "role": "assistant",
            "model": self._frame.model,
            "content": content,
            **self._end,
            "usage": self._usage(),
        }

    def _usage(self) -> Chunk:
        """Anthropic counts what was in the cache beside the input, not as a part of it."""
        tally = self._turns.tally
        return {
            "input_tokens": tally.num_prompt_tokens - tally.num_cached_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": tally.num_cached_tokens,
            "output_tokens": tally.num_generated_tokens,
            "output_tokens_details": {"thinking_tokens": tally.num_reasoning_tokens},
        }

    def _change(self, change: Change) -> Iterator[Chunk]:
        index = change.block.index
        match change:
            case Opened():
                yield {"type": "content_block_start", "index": index, "content_block": _start(change.block)}
            case Grown():
                if not self._hides(change.block):
                    kind, name = _DELTAS[change.block.kind]
                    yield _delta(index, {"type": kind, name: change.text})
            case Closed():
                if change.block.kind is Kind.THOUGHTS:
                    yield _delta(index, {"type": "signature_delta", "signature": SIGNATURE})
                yield {"type": "content_block_stop", "index": index}

    def _whole(self, block: Block) -> Chunk:
        start = _start(block)
        match block.kind:
            case Kind.TEXT:
                return start | {"text": block.text}
            case Kind.THOUGHTS:
                return start | {"thinking": "" if self._hides(block) else block.text, "signature": SIGNATURE}
            case Kind.CALL:
                return start | {"input": _input(block.text)}

    def _hides(self, block: Block) -> bool:
        return block.kind is Kind.THOUGHTS and self._frame.hides_thoughts


class WholeMessage:
    """Turns -> one answer."""

    def __init__(self, frame: MessageFrame, turns: Turns) -> None:
        self._stream = MessageStream(frame, turns)

    def take(self, turns: list[Turn]) -> None:
        """More of it."""
        for _ in self._stream.chunks(turns):
            pass

    def answer(self) -> Chunk:
        """When it has ended."""
        return self._stream.message()


def _start(block: Block) -> Chunk:
    start = _STARTS[block.kind]
    return start | {"id": block.call_id, "name": block.name} if block.kind is Kind.CALL else start


def _delta(index: int, delta: Chunk) -> Chunk:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _end(ended: Ended, stops: Collection[str]) -> Chunk:
    """A stop string of the model's own is the natural end of its answer."""
    if ended.reason == TOOL_CALLS:
        return {"stop_reason": "tool_use", "stop_sequence": None}
    if ended.reason == FinishReason.LENGTH:
        return {"stop_reason": "max_tokens", "stop_sequence": None}
    if ended.stop is not None and ended.stop in stops:
        return {"stop_reason": "stop_sequence", "stop_sequence": ended.stop}
    return {"stop_reason": "end_turn", "stop_sequence": None}


def _input(text: str) -> Chunk:
    """The arguments, which are an object unless the answer was cut short: then they are told as they are."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"arguments": text}
