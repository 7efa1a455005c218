"""The engine: one thread, one step at a time: plan, decode, commit.

It owns the order of things; the scheduler decides, the backend computes, answers speak. A failure ends only the request
that caused it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from serve.engine.answer import Answer
from serve.engine.backend import Backend
from serve.engine.cache import KvCache
from serve.engine.errors import DecodeError, EngineError, NoRoomError, RefusedError
from serve.engine.live import Live, check
from serve.engine.scheduler import Scheduler, StepPlan
from serve.engine.sequence import Chunk, Sequence, slot_of
from serve.engine.shares import Budget
from serve.engine.slots import SlotDone, SlotOrder, Slots
from serve.engine.state import StateStore
from serve.engine.timing import Counters
from serve.engine.types import (
    Accepted,
    AdapterFile,
    Embedded,
    Event,
    Failed,
    FailureKind,
    FinishReason,
    Request,
    Stats,
    Task,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much runs, waits and is computed at once. `mixed_tokens`: rows of a step where streams and prompts meet."""

    num_slots: int
    sequence_tokens: int
    kv_tokens: int
    step_tokens: int
    max_waiting: int
    mixed_tokens: int | None = None  # None: as step_tokens
    num_draft_tokens: int = 0


class Engine:
    """Continuous batching over a backend."""

    def __init__(self, backend: Backend, limits: Limits, clock: Callable[[], float] = time.perf_counter) -> None:
        self._backend = backend
        self._limits = limits
        self._clock = clock
        self._cache = KvCache(
            num_slots=limits.num_slots, kv_tokens=limits.kv_tokens, memory=backend.memory, num_ids=backend.num_ids
        )
        budget = Budget(
            step_tokens=limits.step_tokens,
            mixed_tokens=limits.mixed_tokens or limits.step_tokens,
            max_outputs=backend.max_outputs,
            max_sequence_tokens=limits.sequence_tokens,
            whole_prompts=backend.pools,
        )
        self._scheduler = Scheduler(cache=self._cache, budget=budget, max_waiting=limits.max_waiting)
        self._live: dict[int, Live] = {}  # by request id
        self._counters = Counters()

    @property
    def is_idle(self) -> bool:
        """Is there nothing to do?"""
        return self._scheduler.is_idle

    # ---- requests ----

    def submit(self, request: Request) -> Event:
        """Take a request, or say why not."""
        try:
            check(request, self._backend)
            sequences = self._scheduler.submit(request, self._clock())
        except RefusedError as refused:
            return Failed(request.id, refused.kind, str(refused))
        answers = {s.choice: Answer(request, s.choice) for s in sequences}
        self._live[request.id] = Live(request, sequences, answers, len(sequences))
        return Accepted(request.id, len(request.prompt))

    def cancel(self, request_id: int) -> None:
        """Nobody listens any more: free its slots. An unknown id is fine: it may have ended meanwhile."""
        live = self._live.get(request_id)
        if live is not None:
            self._forget(live, keep=True)

    def abort(self, message: str) -> list[Event]:
        """End everything that runs or waits."""
        return [self._fail(live, FailureKind.BROKEN, message) for live in tuple(self._live.values())]

    # ---- a step ----

    def step(self) -> list[Event]:
        """Plan, decode, commit."""
        started = self._clock()
        plan = self._scheduler.plan(started)
        for old, new in plan.moves:
            self._backend.move(old, new)
        events = self._end_late(plan) + self._open(plan.admitted, started)
        chunks = tuple(c for c in plan.chunks if self._scheduler.is_running(c.seq)) if events else plan.chunks
        self._counters.plan_s += self._clock() - started
        events += self._compute(plan, chunks)
        self._counters.num_steps += 1
        self._counters.step_s += self._clock() - started
        return events

    def _end_late(self, plan: StepPlan) -> list[Event]:
        late = {sequence.request.id: self._live[sequence.request.id] for sequence in plan.late}
        for sequence in plan.late:
            late[sequence.request.id].sequences.remove(sequence)  # it is out of the line already
        return [
            self._fail(live, FailureKind.TOO_LATE, f"no slot was free within {live.request.wait_s:g} s")
            for live in late.values()
        ]

    def _open(self, admitted: tuple[Sequence, ...], now_s: float) -> list[Event]:
        events: list[Event] = []
        for sequence in admitted:
            live = self._live.get(sequence.request.id)
            if live is None:
                continue  # another choice of it failed a moment ago
            try:
                live.open(self._backend, sequence, self._limits.num_draft_tokens, now_s)
            except EngineError as error:
                kind = error.kind if isinstance(error, RefusedError) else FailureKind.BROKEN
                events.append(self._fail(live, kind, str(error)))
        return events

    def _compute(self, plan: StepPlan, chunks: tuple[Chunk, ...]) -> list[Event]:
        """Decode the batch and commit it; when it fails, each sequence on its own, so that only the culprit ends."""
        if not chunks:
            return []
        started = self._clock()
        try:
            self._decode(plan, chunks)
        except DecodeError as error:
            if len(chunks) == 1:
                culprit = self._scheduler.running(chunks[0].seq).request
                return [self._fail(self._live[culprit.id], FailureKind.BROKEN, str(error))]
            return [e for c in chunks if self._scheduler.is_running(c.seq) for e in self._compute(plan, (c,))]
        decoded = self._clock()
        self._counters.decode_s += decoded - started
        events: list[Event] = []
        for chunk in chunks:
            if self._scheduler.is_running(chunk.seq):  # another choice of its request may have failed
                self._commit(chunk, decoded, events)
        return events

    def _decode(self, plan: StepPlan, chunks: tuple[Chunk, ...]) -> None:
        """Once more without what is kept: it may be in the way of a memory that counts otherwise than we do."""
        try:
            self._backend.decode(chunks, plan.adapters, embeds=plan.embeds)
        except NoRoomError:
            if not self._cache.num_kept:
                raise
            self._cache.drop_kept()
            self._backend.decode(chunks, plan.adapters, embeds=plan.embeds)

    # ---- commit ----

    def _commit(self, chunk: Chunk, now_s: float, events: list[Event]) -> None:
        """One chunk is computed: take what its rows yield."""
        sequence = self._scheduler.computed(chunk)
        live = self._live[sequence.request.id]
        if chunk.start == sequence.num_cached:  # its first one
            self._counters.cached_prompt_tokens += sequence.num_cached
        self._counters.prompt_tokens += max(0, min(sequence.num_prompt - chunk.start, len(chunk.tokens)))
        events += live.read_prompt(sequence, chunk, now_s)
        try:
            if live.request.task is Task.EMBED:
                if sequence.num_pending == 0:
                    vector = self._backend.vector(chunk)
                    self._forget(live, keep=False)
                    events.append(Embedded(live.request.id, vector, sequence.num_prompt))
                return
            if live.request.scores_prompt and chunk.start < sequence.num_prompt:
                events += live.score_prompt(self._backend, sequence, chunk)
            if sequence.num_pending == 0:
                self._generate(live, sequence, chunk, now_s, events)
        except EngineError as error:
            events.append(self._fail(live, FailureKind.BROKEN, str(error)))

    def _generate(self, live: Live, sequence: Sequence, chunk: Chunk, now_s: float, events: list[Event]) -> None:
        """One token, and one more for each draft that was right."""
        answer, backend = live.answers[sequence.choice], self._backend
        if sequence.max_tokens == 0:
            self._finish(live, sequence, FinishReason.LENGTH, events)
            return
        first_row = len(chunk.tokens) - sequence.num_drafts - 1
        drafts, num_accepted = chunk.tokens[first_row + 1 :], 0
        while True:
            row = first_row + num_accepted
            sampling = self._clock()
            token = backend.sample(chunk, row)
            self._counters.sample_s += self._clock() - sampling
            is_last = self._scheduler.append(sequence, token)
            self._counters.note_token(sequence, now_s)
            # A grammar allows the end where it is complete: beyond that it has nothing to say.
            ended = backend.is_end(token) and not (live.request.ignore_eos and live.request.grammar is None)
            if not ended:
                answer.take(backend, sequence.seq, chunk, row, token)
            if ended or answer.is_over or is_last:
                reason = FinishReason.STOP if ended or answer.is_over else FinishReason.LENGTH
                self._settle(sequence, drafts, num_accepted)
                self._finish(live, sequence, reason, events)
                return
            if num_accepted == len(drafts) or drafts[num_accepted] != token:
                break
            num_accepted += 1
        self._settle(sequence, drafts, num_accepted)
        events.append(answer.delta())

    def _settle(self, sequence: Sequence, drafts: tuple[int, ...], num_accepted: int) -> None:
        if drafts and sequence.draft is not None:
            self._scheduler.settle(sequence, num_accepted)
            sequence.draft.learn(len(drafts), num_accepted, len(sequence.tokens))
            self._counters.draft_tokens += len(drafts)
            self._counters.accepted_draft_tokens += num_accepted

    # ---- ends ----

    def _finish(self, live: Live, sequence: Sequence, reason: FinishReason, events: list[Event]) -> None:
        last = live.answers[sequence.choice].finish()
        if last.text or last.scores:
            events.append(last)
        events.append(live.finished(sequence, reason, slot_of(sequence, self._limits.num_slots)))
        live.sequences.remove(sequence)
        self._end(sequence, keep=True)
        if live.num_left == 0:
            del self._live[live.request.id]

    def _fail(self, live: Live, kind: FailureKind, message: str) -> Failed:
        self._forget(live, keep=False)
        return Failed(live.request.id, kind, message)

    def _forget(self, live: Live, *, keep: bool) -> None:
        """Free all that a request holds, wherever it is."""
        for sequence in live.sequences:
            self._end(sequence, keep=keep)
        del self._live[live.request.id]

    def _end(self, sequence: Sequence, *, keep: bool) -> None:
        if sequence.is_running:
            self._backend.close(sequence.seq)
        self._scheduler.end(sequence, keep=keep)

    # ---- adapters ----

    def add_adapter(self, file: AdapterFile) -> list[Event]:
        """Load a LoRA adapter between two steps, or raise LoadError. Whoever used one of the same name fails then."""
        self._backend.add_adapter(file)  # first: when it can't be loaded, the old one is still there, and its users
        return self._end_users(file.name)

    def remove_adapter(self, name: str) -> list[Event]:
        """Unload one. Whoever uses it fails."""
        events = self._end_users(name)
        self._backend.remove_adapter(name)
        return events

    def _end_users(self, name: str) -> list[Event]:
        users = [live for live in self._live.values() if name in {each.name for each in live.request.adapters}]
        self._cache.drop_kept()  # what it computed is no longer what it would compute
        return [self._fail(live, FailureKind.BROKEN, f"the adapter {name!r} was taken away") for live in users]

    # ---- state on disk ----

    def save_state(self, store: StateStore) -> int:
        """Write what ended sequences left behind; returns how many."""
        return store.save(self._cache, self._backend)

    def restore_state(self, store: StateStore) -> int:
        """Read it back before the first request; returns how many."""
        return store.restore(self._cache, self._backend)

    def act_on_slot(self, slots: Slots, order: SlotOrder) -> SlotDone:
        """Save, restore or erase what a slot holds, between two steps. RefusedError, StateError: it can't be done."""
        return slots.act(order, self._cache, self._backend, self._scheduler.all_sequences())

    # ---- what it says of itself ----

    def stats(self) -> Stats:
        """The engine right now."""
        return self._counters.add_to(self._scheduler.stats())
