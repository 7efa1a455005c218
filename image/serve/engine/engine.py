"""The engine: one thread, one step at a time: plan, decode, commit.

It owns the order of things; the scheduler decides, the backend computes, answers speak. A failure ends only the request
that caused it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from serve.engine.answer import Answer
from serve.engine.backend import Backend
from serve.engine.cache import KvCache
from serve.engine.drafts import NgramDraft
from serve.engine.scheduler import Budget, Scheduler, StepPlan
from serve.engine.sequence import Chunk, Sequence
from serve.engine.state import StateStore
from serve.engine.timing import Counters
from serve.engine.types import (
    Accepted,
    AdapterFile,
    DecodeError,
    Embedded,
    EngineError,
    Event,
    Failed,
    FailureKind,
    Finished,
    FinishReason,
    NoRoomError,
    PromptScores,
    RefusedError,
    Request,
    Stats,
    Task,
    TokenScore,
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


@dataclass(slots=True)
class _Live:
    """What the engine holds of a request while it runs or waits."""

    request: Request
    sequences: list[Sequence]
    answers: dict[int, Answer]  # by choice
    num_left: int
    # Of its prompt, by choice: the one that is through with it first tells them, and the others stop.
    scores: dict[int, list[TokenScore]] = field(default_factory=dict)
    has_told_scores: bool = False


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
        self._live: dict[int, _Live] = {}  # by request id
        self._counters = Counters()

    @property
    def is_idle(self) -> bool:
        """Is there nothing to do?"""
        return self._scheduler.is_idle

    # ---- requests ----

    def submit(self, request: Request) -> Event:
        """Take a request, or say why not."""
        try:
            self._check(request)
            sequences = self._scheduler.submit(request, self._clock())
        except RefusedError as refused:
            return Failed(request.id, refused.kind, str(refused))
        answers = {s.choice: Answer(request, s.choice) for s in sequences}
        self._live[request.id] = _Live(request, sequences, answers, len(sequences))
        return Accepted(request.id, len(request.prompt))

    def _check(self, request: Request) -> None:
        if request.task is Task.GENERATE and self._backend.pools:
            raise RefusedError(FailureKind.UNSUPPORTED, "this model makes embeddings only: it can't generate text")
        for adapter in request.adapters:
            if not self._backend.has_adapter(adapter.name):
                raise RefusedError(FailureKind.UNSUPPORTED, f"this model has no adapter {adapter.name!r}")

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
        events = self._end_late(plan) + self._open(plan.admitted)
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

    def _open(self, admitted: tuple[Sequence, ...]) -> list[Event]:
        events: list[Event] = []
        for sequence in admitted:
            request = sequence.request
            live = self._live.get(request.id)
            if live is None:
                continue  # another choice of it failed a moment ago
            self._counters.cached_prompt_tokens += sequence.num_cached
            try:
                if request.task is Task.GENERATE:
                    grammar = request.grammar if request.grammar and not request.grammar.triggers else None
                    sampling = live.answers[sequence.choice].sampling
                    text = grammar.text if grammar else None
                    self._backend.open(
                        sequence.seq, sampling, text, prompt=request.prompt, shows_special=request.show_special
                    )
            except EngineError as error:
                kind = error.kind if isinstance(error, RefusedError) else FailureKind.BROKEN
                events.append(self._fail(live, kind, str(error)))
                continue
            num_drafts = self._limits.num_draft_tokens if request.num_draft_tokens is None else request.num_draft_tokens
            if num_drafts and self._backend.memory.can_trim:
                sequence.draft = NgramDraft(num_drafts)
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
                return [self._fail(self._of(chunks[0]), FailureKind.BROKEN, str(error))]
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
        self._counters.prompt_tokens += max(0, min(sequence.num_prompt - chunk.start, len(chunk.tokens)))
        try:
            if live.request.task is Task.EMBED:
                if sequence.num_pending == 0:
                    events.append(self._embed(live, chunk))
                return
            if live.request.scores_prompt and chunk.start < sequence.num_prompt:
                self._score_prompt(live, sequence, chunk, events)
            if sequence.num_pending == 0:
                self._generate(live, sequence, chunk, now_s, events)
        except EngineError as error:
            events.append(self._fail(live, FailureKind.BROKEN, str(error)))

    def _embed(self, live: _Live, chunk: Chunk) -> Embedded:
        vector = self._backend.vector(chunk)
        self._forget(live, keep=False)
        return Embedded(live.request.id, vector, len(live.request.prompt))

    def _score_prompt(self, live: _Live, sequence: Sequence, chunk: Chunk, events: list[Event]) -> None:
        if live.has_told_scores:
            return
        num_top, prompt = live.request.num_logprobs or 0, live.request.prompt
        scores = live.scores.setdefault(sequence.choice, [])
        if chunk.start == 0:
            scores.append(TokenScore(prompt[0], self._backend.piece(prompt[0], special=True), None))
        for row, position in enumerate(range(chunk.start, min(chunk.end, sequence.num_prompt - 1))):
            scores.append(self._backend.score(chunk, row, prompt[position + 1], num_top))
        if chunk.end >= sequence.num_prompt:
            live.has_told_scores = True
            events.append(PromptScores(live.request.id, tuple(scores)))

    def _generate(self, live: _Live, sequence: Sequence, chunk: Chunk, now_s: float, events: list[Event]) -> None:
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
            self._note_token(sequence, now_s)
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

    def _note_token(self, sequence: Sequence, now_s: float) -> None:
        counters, last_s = self._counters, sequence.last_token_s
        counters.generated_tokens += 1
        if last_s is None:
            counters.first_token.add(now_s - sequence.arrived_s)
        else:
            counters.next_token.add(now_s - last_s)
        sequence.last_token_s = now_s

    # ---- ends ----

    def _finish(self, live: _Live, sequence: Sequence, reason: FinishReason, events: list[Event]) -> None:
        request, answer = live.request, live.answers[sequence.choice]
        last = answer.finish()
        if last.text or last.scores:
            events.append(last)
        live.num_left -= 1
        events.append(
            Finished(
                request.id,
                reason,
                sequence.num_prompt,
                sequence.num_generated,
                sequence.choice,
                live.num_left == 0,
                sequence.num_cached,
                answer.stop,
            )
        )
        live.sequences.remove(sequence)
        self._end(sequence, keep=True)
        if live.num_left == 0:
            del self._live[request.id]

    def _fail(self, live: _Live, kind: FailureKind, message: str) -> Failed:
        self._forget(live, keep=False)
        return Failed(live.request.id, kind, message)

    def _forget(self, live: _Live, *, keep: bool) -> None:
        """Free all that a request holds, wherever it is."""
        for sequence in live.sequences:
            self._end(sequence, keep=keep)
        del self._live[live.request.id]

    def _end(self, sequence: Sequence, *, keep: bool) -> None:
        if sequence.is_running:
            self._backend.close(sequence.seq)
        self._scheduler.end(sequence, keep=keep)

    def _of(self, chunk: Chunk) -> _Live:
        return self._live[self._scheduler.running(chunk.seq).request.id]

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

    # ---- what it says of itself ----

    def stats(self) -> Stats:
        """The engine right now."""
        counters, cache = self._counters, self._cache
        return Stats(
            num_running=self._scheduler.num_running,
            num_waiting=self._scheduler.num_waiting,
            num_slots=self._limits.num_slots,
            num_kept=cache.num_kept,
            kv_tokens_reserved=cache.num_reserved_tokens,
            kv_tokens_kept=cache.num_kept_tokens,
            kv_tokens_total=self._limits.kv_tokens,
            num_steps=counters.num_steps,
            prompt_tokens=counters.prompt_tokens,
            cached_prompt_tokens=counters.cached_prompt_tokens,
            generated_tokens=counters.generated_tokens,
            draft_tokens=counters.draft_tokens,
            accepted_draft_tokens=counters.accepted_draft_tokens,
            num_evicted=cache.num_evicted,
            plan_s=counters.plan_s,
            decode_s=counters.decode_s,
            sample_s=counters.sample_s,
            step_s=counters.step_s,
            first_token=counters.first_token.histogram(),
            next_token=counters.next_token.histogram(),
        )
