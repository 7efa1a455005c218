"""The engine: one thread, one step at a time: plan, decode, commit.

It owns the order of things; the scheduler decides, the backend computes, the text streams speak. A failure ends only
the sequence that caused it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from serve.engine.cache import KvCache
from serve.engine.scheduler import Chunk, Scheduler, Sequence
from serve.engine.text import TextStream
from serve.engine.types import (
    Accepted,
    DecodeError,
    Delta,
    EngineError,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    RefusedError,
    Request,
    Sampling,
    Stats,
)


class Backend(Protocol):
    """What computes. llama.py is the real one."""

    def open(self, seq: int, sampling: Sampling) -> None:
        """Make ready for a new sequence under this id."""

    def decode(self, chunks: tuple[Chunk, ...]) -> None:
        """Compute all rows in one batch, or raise DecodeError and be as before."""

    def sample(self, chunk: Chunk) -> int:
        """The next token after a chunk of the last decode."""

    def close(self, seq: int) -> None:
        """Forget a sequence: its KV tokens and its sampler."""

    def piece(self, token: int) -> bytes:
        """A token's bytes."""

    def is_end(self, token: int) -> bool:
        """Does this token end the answer?"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much runs, waits and is computed at once."""

    num_slots: int
    sequence_tokens: int
    kv_tokens: int
    step_tokens: int
    max_waiting: int


class Engine:
    """Continuous batching over a backend."""

    def __init__(self, backend: Backend, limits: Limits, clock: Callable[[], float] = time.perf_counter) -> None:
        self._backend = backend
        self._clock = clock
        self._cache = KvCache(num_slots=limits.num_slots, kv_tokens=limits.kv_tokens)
        self._scheduler = Scheduler(
            cache=self._cache,
            max_sequence_tokens=limits.sequence_tokens,
            step_tokens=limits.step_tokens,
            max_waiting=limits.max_waiting,
        )
        self._texts: dict[int, TextStream] = {}  # by request id
        self._totals = Stats(num_slots=limits.num_slots, kv_tokens_total=limits.kv_tokens)

    @property
    def is_idle(self) -> bool:
        """Is there nothing to do?"""
        return self._scheduler.is_idle

    def submit(self, request: Request) -> Event:
        """Take a request, or say why not."""
        try:
            self._scheduler.submit(request)
        except RefusedError as refused:
            return Failed(request.id, refused.kind, str(refused))
        self._texts[request.id] = TextStream(request.stop, skip_first_space=request.skip_first_space)
        return Accepted(request.id, len(request.prompt))

    def cancel(self, request_id: int) -> None:
        """Nobody listens any more: free its slot. An unknown id is fine: it may have ended meanwhile."""
        sequence = self._scheduler.find(request_id)
        if sequence is not None:
            self._forget(sequence)

    def abort(self, message: str) -> list[Event]:
        """End everything that runs or waits."""
        return [self._fail(s, message) for s in self._scheduler.all_sequences()]

    def step(self) -> list[Event]:
        """Plan, decode, commit."""
        started = self._clock()
        plan = self._scheduler.plan()
        events = self._open(plan.admitted)
        events += self._compute(tuple(c for c in plan.chunks if self._scheduler.is_running(c.seq)))
        self._add(num_steps=1, step_s=self._clock() - started)
        return events

    def stats(self) -> Stats:
        """The engine right now."""
        return replace(
            self._totals,
            num_running=self._scheduler.num_running,
            num_waiting=self._scheduler.num_waiting,
            kv_tokens_reserved=self._cache.num_reserved_tokens,
        )

    def _open(self, admitted: tuple[Sequence, ...]) -> list[Event]:
        events: list[Event] = []
        for sequence in admitted:
            try:
                self._backend.open(sequence.seq, sequence.request.sampling)
            except EngineError as error:
                events.append(self._fail(sequence, str(error)))
        return events

    def _compute(self, chunks: tuple[Chunk, ...]) -> list[Event]:
        """Decode the batch and commit it; when it fails, each sequence on its own, so that only the culprit ends."""
        if not chunks:
            return []
        started = self._clock()
        try:
            self._backend.decode(chunks)
        except DecodeError as error:
            if len(chunks) == 1:
                return [self._fail(self._scheduler.running(chunks[0].seq), str(error))]
            return [event for chunk in chunks for event in self._compute((chunk,))]
        decoded = self._clock()
        events = [event for chunk in chunks for event in self._commit(chunk)]
        self._add(decode_s=decoded - started, commit_s=self._clock() - decoded)
        return events

    def _commit(self, chunk: Chunk) -> list[Event]:
        """One chunk is computed: sample, turn the token into text, see whether the sequence ends."""
        sequence = self._scheduler.computed(chunk)
        num_prompt = max(0, min(len(sequence.request.prompt) - chunk.start, len(chunk.tokens)))
        self._add(prompt_tokens=num_prompt, generated_tokens=int(chunk.samples))
        if not chunk.samples:
            return []
        try:
            token = self._backend.sample(chunk)
        except EngineError as error:
            return [self._fail(sequence, str(error))]
        is_last = self._scheduler.append(sequence, token)
        if self._backend.is_end(token) and not sequence.request.ignore_eos:
            return self._finish(sequence, "", FinishReason.STOP)
        text = self._texts[sequence.request.id]
        shown = text.push(self._backend.piece(token))
        if text.stopped:
            return self._finish(sequence, shown, FinishReason.STOP)
        if is_last:
            return self._finish(sequence, shown, FinishReason.LENGTH)
        return [Delta(sequence.request.id, shown)]

    def _finish(self, sequence: Sequence, shown: str, reason: FinishReason) -> list[Event]:
        request = sequence.request
        text = shown + self._texts[request.id].finish()
        self._forget(sequence)
        end = Finished(request.id, reason, len(request.prompt), len(sequence.generated))
        return [Delta(request.id, text), end] if text else [end]

    def _fail(self, sequence: Sequence, message: str) -> Failed:
        self._forget(sequence)
        return Failed(sequence.request.id, FailureKind.BROKEN, message)

    def _forget(self, sequence: Sequence) -> None:
        """Free all that a sequence holds, wherever it is."""
        if sequence.is_running:
            self._backend.close(sequence.seq)
        self._scheduler.end(sequence)
        del self._texts[sequence.request.id]

    def _add(self, **amounts: float) -> None:
        totals = self._totals
        self._totals = replace(totals, **{name: getattr(totals, name) + amount for name, amount in amounts.items()})
