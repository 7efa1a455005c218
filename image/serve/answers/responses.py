"""OpenAI's responses: the events of a stream, in its order, and whole answers, which are what the last event holds."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from serve.answers.blocks import Block, Blocks, Change, Closed, Grown, Kind, Opened
from serve.answers.frame import Chunk, progress, timings
from serve.answers.logprobs import entries
from serve.answers.turns import Begun, Ended, Reading, Said, Tally, Turn, Turns
from serve.engine.types import FinishReason
from serve.errors import RequestError

_PREFIXES = {Kind.TEXT: "msg", Kind.THOUGHTS: "rs", Kind.CALL: "fc"}
_READING = "response.in_progress"
_IN_PROGRESS, _COMPLETED, _INCOMPLETE, _FAILED = "in_progress", "completed", "incomplete", "failed"


@dataclass(frozen=True, slots=True)
class ResponseFrame:
    """What is known before the answer. `settings` are told back; `summarizes`: thoughts come as their summary."""

    id: str
    model: str
    created: int
    settings: Chunk
    summarizes: bool = False
    timings_per_token: bool = False


class ResponseStream:
    """Turns -> events."""

    def __init__(self, frame: ResponseFrame, turns: Turns) -> None:
        self._frame = frame
        self._turns = turns
        self._blocks = Blocks()
        self._ids: list[str] = []  # of the blocks
        self._num_events = 0
        self._reason = ""

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """All that this brings."""
        for turn in turns:
            match turn:
                case Begun():
                    for kind in ("response.created", _READING):
                        yield self._event(kind, response=self._response(_IN_PROGRESS))
                case Reading():
                    yield self._event(_READING, response=self._response(_IN_PROGRESS)) | progress(turn.read)
                case Said():
                    for change in self._blocks.take(turn):
                        yield from self._change(change)
                case Ended():
                    self._reason = turn.reason
                    for change in self._blocks.end():
                        yield from self._change(change)

    def last(self) -> Iterator[Chunk]:
        """The whole answer."""
        event = self._event(f"response.{self._status}", response=self.response())
        yield event | {"timings": timings(self._turns.tally)}

    def failed(self, error: RequestError) -> Chunk:
        """The last event of an answer that breaks off."""
        code = {429: "rate_limit_exceeded", 400: "invalid_prompt"}.get(error.status, "server_error")
        more = {"error": {"code": code, "message": str(error)}}
        return self._event("response.failed", response=self._response(_FAILED) | more)

    def response(self) -> Chunk:
        """When it has ended."""
        return self._response(self._status) | {"usage": _usage(self._turns.tally)}

    @property
    def _status(self) -> str:
        return _INCOMPLETE if self._reason == FinishReason.LENGTH else _COMPLETED

    def _response(self, status: str) -> Chunk:
        frame, is_cut = self._frame, status == _INCOMPLETE
        last = len(self._blocks.all) - 1
        statuses = [_INCOMPLETE if index == last and status != _COMPLETED else _COMPLETED for index in range(last + 1)]
        return {
            "id": frame.id,
            "object": "response",
            "created_at": frame.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
            "model": frame.model,
            "output": [self._item(*each) for each in zip(self._blocks.all, statuses, strict=True)],
            "previous_response_id": None,
            "service_tier": "default",
            "store": False,
            "usage": None,
            **frame.settings,
        }

    def _change(self, change: Change) -> Iterator[Chunk]:
        match change:
            case Opened():
                self._ids.append(f"{_PREFIXES[change.block.kind]}_{secrets.token_hex(16)}")
                yield from self._opened(change.block)
            case Grown():
                yield self._grown(change)
            case Closed():
                yield from self._closed(change.block)

    def _opened(self, block: Block) -> Iterator[Chunk]:
        item = self._item(block, _IN_PROGRESS) | ({"content": []} if block.kind is Kind.TEXT else {})
        if block.kind is Kind.THOUGHTS:
            item |= {"summary": []} if self._frame.summarizes else {"content": []}
        yield self._event("response.output_item.added", output_index=block.index, item=item)
        if name := self._part_name(block):
            yield self._of(block, f"response.{name}.added", part=self._part(block))

    def _grown(self, change: Grown) -> Chunk:
        more = {"logprobs": entries(change.scores)} if change.block.kind is Kind.TEXT else {}
        event = self._of(change.block, f"response.{self._text_name(change.block)}.delta", delta=change.text, **more)
        return event | {"timings": timings(self._turns.tally)} if self._frame.timings_per_token else event

    def _closed(self, block: Block) -> Iterator[Chunk]:
        done = f"response.{self._text_name(block)}.done"
        match block.kind:
            case Kind.TEXT:
                yield self._of(block, done, text=block.text, logprobs=entries(block.scores))
            case Kind.THOUGHTS:
                yield self._of(block, done, text=block.text)
            case Kind.CALL:
                yield self._of(block, done, name=block.name, arguments=block.text)
        if name := self._part_name(block):
            yield self._of(block, f"response.{name}.done", part=self._part(block))
        is_cut = self._reason == FinishReason.LENGTH
        item = self._item(block, _INCOMPLETE if is_cut else _COMPLETED)
        yield self._event("response.output_item.done", output_index=block.index, item=item)

    def _item(self, block: Block, status: str) -> Chunk:
        item: Chunk = {"id": self._ids[block.index], "status": status}
        match block.kind:
            case Kind.TEXT:
                return item | {"type": "message", "role": "assistant", "content": [self._part(block)]}
            case Kind.THOUGHTS:
                told = [self._part(block)]
                return item | {"type": "reasoning"} | _thoughts(told, is_summary=self._frame.summarizes)
            case Kind.CALL:
                call = {"call_id": block.call_id, "name": block.name, "arguments": block.text}
                return item | {"type": "function_call", **call}

    def _part(self, block: Block) -> Chunk:
        if block.kind is Kind.TEXT:
            logprobs = entries(block.scores)
            return {"type": "output_text", "text": block.text, "annotations": [], "logprobs": logprobs}
        return {"type": "summary_text" if self._frame.summarizes else "reasoning_text", "text": block.text}

    def _part_name(self, block: Block) -> str:
        if block.kind is Kind.CALL:
            return ""
        return "reasoning_summary_part" if self._is_summary(block) else "content_part"

    def _text_name(self, block: Block) -> str:
        if block.kind is Kind.THOUGHTS:
            return "reasoning_summary_text" if self._frame.summarizes else "reasoning_text"
        return "output_text" if block.kind is Kind.TEXT else "function_call_arguments"

    def _is_summary(self, block: Block) -> bool:
        return block.kind is Kind.THOUGHTS and self._frame.summarizes

    def _of(self, block: Block, kind: str, **more: object) -> Chunk:
        place: Chunk = {"item_id": self._ids[block.index], "output_index": block.index}
        if block.kind is not Kind.CALL:
            place["summary_index" if self._is_summary(block) else "content_index"] = 0
        return self._event(kind, **place, **more)

    def _event(self, kind: str, **more: object) -> Chunk:
        event = {"type": kind, "sequence_number": self._num_events, **more}
        self._num_events += 1
        return event


class WholeResponse:
    """Turns -> one answer: what a stream would have ended with."""

    def __init__(self, frame: ResponseFrame, turns: Turns) -> None:
        self._stream = ResponseStream(frame, turns)

    def take(self, turns: list[Turn]) -> None:
        """More of it."""
        for _ in self._stream.chunks(turns):
            pass

    def answer(self) -> Chunk:
        """When it has ended."""
        return self._stream.response()


def _thoughts(told: list[Chunk], *, is_summary: bool) -> Chunk:
    """Thoughts are told once: as they are, or where their summary was asked for, there."""
    return {"summary": told} if is_summary else {"summary": [], "content": told}


def _usage(tally: Tally) -> Chunk:
    return {
        "input_tokens": tally.num_prompt_tokens,
        "input_tokens_details": {"cached_tokens": tally.num_cached_tokens, "cache_write_tokens": 0},
        "output_tokens": tally.num_generated_tokens,
        "output_tokens_details": {"reasoning_tokens": tally.num_reasoning_tokens},
        "total_tokens": tally.num_prompt_tokens + tally.num_generated_tokens,
    }
