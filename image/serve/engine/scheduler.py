"""Who is in the next step: who starts, follows, pauses, moves. Knows no model and no text; time is told.

There are no prefill and decode phases. A sequence has tokens (prompt, then generated ones) and a count of how many of
them are computed; each step it catches up under one token budget. Running streams get their one token first, so a long
prompt never stalls them by more than one step; prompts share the rest of the budget (shares.py). While streams run,
that rest is bounded too (`mixed_tokens`): a step is as long as its tokens are many.

    waiting --admit (KV tokens reserved)--> [follows --source is computed-->] running --end | cancel--> gone

A prompt that begins as another one does not compute that beginning: it takes it from a kept sequence, or follows the
running one that is at it, and takes it over when it is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from serve.engine.cache import KvCache
from serve.engine.errors import RefusedError
from serve.engine.line import MAX_PASSED, Line
from serve.engine.sequence import Chunk, Sequence
from serve.engine.shares import Budget, is_stream, share_step, take_whole
from serve.engine.source import Source
from serve.engine.types import (
    Adapter,
    FailureKind,
    Request,
    Stats,
    Task,
)

# Runs of neighbouring ids that a step may have, and for how many steps it may have more before sequences are moved.
MAX_RUNS, PATIENCE_STEPS = 2, 4


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What one step computes, in rising sequence ids, for one set of adapters."""

    chunks: tuple[Chunk, ...]
    admitted: tuple[Sequence, ...] = ()
    late: tuple[Sequence, ...] = ()
    moves: tuple[tuple[int, int], ...] = ()  # sequences that have another id now: old, new
    adapters: tuple[Adapter, ...] = ()
    embeds: bool = False

    @property
    def num_tokens(self) -> int:
        """Rows of the batch."""
        return sum(len(chunk.tokens) for chunk in self.chunks)


class Scheduler:
    """Admits, plans, and keeps count. One owner, one thread."""

    def __init__(self, *, cache: KvCache, budget: Budget, max_waiting: int) -> None:
        if min(budget.step_tokens, budget.mixed_tokens) <= cache.num_slots:
            # Otherwise a step full of running streams would leave nothing for prompts, and they would starve.
            raise ValueError(
                f"step_tokens is {budget.step_tokens} and mixed_tokens {budget.mixed_tokens}: "
                f"must be above the {cache.num_slots} slots"
            )
        self._cache = cache
        self._budget = budget
        self._line = Line(max_waiting)
        self._running: dict[int, Sequence] = {}
        self._num_gappy_steps = 0
        self._adapters_turns: list[tuple[Adapter, ...]] = []  # the next first

    @property
    def num_waiting(self) -> int:
        """Sequences without a slot."""
        return len(self._line)

    @property
    def num_running(self) -> int:
        """Sequences with a slot."""
        return len(self._running)

    @property
    def is_idle(self) -> bool:
        """Is there nothing to do?"""
        return not self._line and not self._running

    def stats(self) -> Stats:
        """Who is where, and what the memory holds."""
        cache = self._cache
        return Stats(
            num_running=self.num_running,
            num_waiting=self.num_waiting,
            num_slots=cache.num_slots,
            num_kept=cache.num_kept,
            kv_tokens_reserved=cache.num_reserved_tokens,
            kv_tokens_kept=cache.num_kept_tokens,
            kv_tokens_total=cache.kv_tokens,
            num_evicted=cache.num_evicted,
        )

    # ---- coming and going ----

    def submit(self, request: Request, now_s: float) -> list[Sequence]:
        """Put a request's choices into the line, or raise RefusedError with the numbers."""
        num_new = self._num_new(request)
        num_choices = 1 if request.task is Task.EMBED else request.num_choices
        num_waiting = len(self._line) + num_choices
        if num_waiting > self._line.max_waiting and not self._can_start_now(request, num_new, num_choices):
            raise RefusedError(
                FailureKind.QUEUE_FULL, f"{len(self._line)} wait already, {self._line.max_waiting} may wait"
            )
        sequences = [Sequence(request, choice, num_new, now_s) for choice in range(num_choices)]
        for sequence in sequences:
            self._line.add(sequence)
        return sequences

    def _num_new(self, request: Request) -> int:
        """How many tokens it may generate; checks that it can ever fit."""
        num_prompt = len(request.prompt)
        limit = min(self._budget.max_sequence_tokens, self._cache.kv_tokens)
        if num_prompt == 0:
            raise RefusedError(FailureKind.BAD_PROMPT, "the prompt has no tokens")
        if request.task is Task.EMBED:
            limit = min(limit, self._budget.step_tokens) if self._budget.whole_prompts else limit
            if num_prompt > limit:
                text = f"the text has {num_prompt} tokens: this model has room for {limit}"
                raise RefusedError(FailureKind.TOO_LONG, text)
            return 0
        num_new = request.max_tokens if request.max_tokens is not None else max(limit - num_prompt, 1)
        if num_prompt + num_new > limit:
            raise RefusedError(
                FailureKind.TOO_LONG,
                f"the prompt has {num_prompt} tokens and max_tokens is {num_new}: "
                f"together {num_prompt + num_new}, this model has room for {limit}",
            )
        return num_new

    def _can_start_now(self, request: Request, num_new: int, num_choices: int) -> bool:
        """Beside those in line: they only wait for the next step when there is room for all of them."""
        free = self._cache.num_slots - len(self._running) - len(self._line)
        reserved = self._cache.num_reserved_tokens - self._cache.num_kept_tokens
        need = num_choices * (len(request.prompt) + num_new) + sum(each.num_reserved for each in self._line)
        return num_choices <= free and reserved + need <= self._cache.kv_tokens

    def end(self, sequence: Sequence, *, keep: bool = False) -> None:
        """A sequence ended, however it did, wherever it was. `keep`: what it computed may be of use to others."""
        if not sequence.is_running:
            self._line.remove(sequence)
            return
        self._hand_over(sequence)
        del self._running[sequence.seq]
        self._cache.release(sequence, keep=keep)

    def _hand_over(self, sequence: Sequence) -> None:
        """Whoever follows it takes what is there; the one that shares most goes on, the others follow that one."""
        followers = [other for other in self._running.values() if other.follows is sequence]
        followers.sort(key=lambda other: -other.follow_tokens)
        for index, other in enumerate(followers):
            if sequence.num_computed >= other.follow_tokens or index == 0:
                self._cache.take(sequence, other, other.follow_tokens)
                other.follows = None
            else:
                other.follows = followers[0]
                followers[0].stops.append(other.follow_tokens)

    def append(self, sequence: Sequence, token: int) -> bool:
        """Add a sampled token. Returns whether that was the last one it may have."""
        sequence.tokens.append(token)
        return sequence.num_generated >= sequence.max_tokens

    def computed(self, chunk: Chunk) -> Sequence:
        """The known tokens of this chunk are in the KV cache now (drafts are not known yet). Returns its sequence."""
        sequence = self._running[chunk.seq]
        sequence.num_computed = chunk.end - sequence.num_drafts
        if sequence.freeze_at and sequence.num_computed == sequence.freeze_at:
            self._cache.freeze(sequence)
            sequence.freeze_at = 0
        return sequence

    def settle(self, sequence: Sequence, num_accepted: int) -> None:
        """So many of the drafts of its chunk were right: the others leave the KV cache again."""
        if sequence.num_drafts:
            sequence.num_computed += num_accepted
            sequence.num_drafts = 0
            self._cache.cut(sequence)

    def is_running(self, seq: int) -> bool:
        """Is there a running sequence under this id?"""
        return seq in self._running

    def running(self, seq: int) -> Sequence:
        """The running sequence under this id."""
        return self._running[seq]

    def all_sequences(self) -> tuple[Sequence, ...]:
        """Everyone, running first."""
        return (*self._running.values(), *self._line)

    # ---- planning ----

    def plan(self, now_s: float) -> StepPlan:
        """Admit who fits, let followers take what has been computed, then share the token budget."""
        late = tuple(self._line.take_late(now_s))
        admitted = self._admit() if self._line else ()
        self._let_followers_go()
        moves = self._close_gaps()
        ready = [self._running[seq] for seq in sorted(self._running) if self._running[seq].follows is None]
        keeps_short = any(is_stream(sequence) for sequence in ready)  # also for streams whose turn it is not
        adapters, ready = self._one_kind_of_adapters(ready)
        if self._budget.whole_prompts:
            chunks = take_whole(self._budget, ready)
        else:
            chunks = share_step(self._budget, ready, keeps_short=keeps_short)
        embeds = any(chunk.num_outputs and self._running[chunk.seq].request.task is Task.EMBED for chunk in chunks)
        return StepPlan(chunks, admitted, late, moves, adapters, embeds)

    def _admit(self) -> tuple[Sequence, ...]:
        """Admit in order; who fits may pass who doesn't, but not for ever."""
        admitted: list[Sequence] = []
        passed: list[Sequence] = []
        holds_the_line = False
        for sequence in self._line:
            if len(self._running) == self._cache.num_slots or holds_the_line:
                break
            if self._start(sequence):
                admitted.append(sequence)
                for other in passed:
                    other.num_passed += 1
                    holds_the_line |= other.num_passed >= MAX_PASSED
            else:
                passed.append(sequence)
                holds_the_line = sequence.num_passed >= MAX_PASSED
        return tuple(admitted)

    def _start(self, sequence: Sequence) -> bool:
        if sequence.tried_version == self._cache.version:
            return False  # nothing was given back since
        source = self._cache.find_source(sequence, self._running.values())
        if source is not None and not self._cache.share(sequence, source):
            source = None
        if source is None and not self._cache.place(sequence):
            sequence.tried_version = self._cache.version
            return False
        self._line.remove(sequence)
        if sequence.request.num_choices > 1:
            self._line.let_wait(sequence.request)
        if source is not None and source.running is not None:
            self._follow(sequence, source)
        if sequence.freeze_at > sequence.num_computed:
            sequence.stops.append(sequence.freeze_at)
        self._running[sequence.seq] = sequence
        return True

    def _follow(self, sequence: Sequence, source: Source) -> None:
        leader = source.running
        assert leader is not None
        sequence.follows, sequence.follow_tokens = leader, source.num_tokens
        if not self._cache.forks_anywhere:
            leader.stops.append(source.num_tokens)
            leader.freeze_at = leader.freeze_at or source.num_tokens

    def _let_followers_go(self) -> None:
        for sequence in self._running.values():
            leader = sequence.follows
            if leader is not None and leader.num_computed >= sequence.follow_tokens:
                self._cache.take(leader, sequence, sequence.follow_tokens)
                sequence.follows = None

    def _close_gaps(self) -> tuple[tuple[int, int], ...]:
        """Where each id has cells of its own, a decode takes ids in a row together, and reads all weights for each run.

        A few gaps are cheaper than moving a sequence, and most are filled by who comes next: only what stays is closed.
        """
        if not self._cache.copies:
            return ()
        num_runs = sum(seq - 1 not in self._running for seq in self._running)
        self._num_gappy_steps = self._num_gappy_steps + 1 if num_runs > MAX_RUNS else 0
        if self._num_gappy_steps < PATIENCE_STEPS:
            return ()
        moves = []
        for gap in range(len(self._running)):
            if gap not in self._running:
                last = self._running.pop(max(self._running))
                moves.append((last.seq, gap))
                self._cache.move(last, gap)
                self._running[gap] = last
        return tuple(moves)

    def _one_kind_of_adapters(self, ready: list[Sequence]) -> tuple[tuple[Adapter, ...], list[Sequence]]:
        """One decode knows one set of adapters: the sets take turns, who waited longest first."""
        sets = dict.fromkeys(sequence.request.adapters for sequence in ready)
        if not sets:
            return (), ready
        still_there = [each for each in self._adapters_turns if each in sets]
        chosen, *others = dict.fromkeys([*still_there, *sets])
        self._adapters_turns = [*others, chosen]
        return chosen, [sequence for sequence in ready if sequence.request.adapters == chosen]
