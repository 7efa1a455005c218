"""Tests of serve.engine.scheduler."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from serve.engine.cache import KvCache
from serve.engine.errors import RefusedError
from serve.engine.line import MAX_PASSED
from serve.engine.scheduler import PATIENCE_STEPS, Scheduler, StepPlan
from serve.engine.sequence import Sequence
from serve.engine.shares import Budget
from serve.engine.types import (
    Adapter,
    FailureKind,
    Request,
    Task,
)
from tests.helpers.fake_backend import FakeMemory

NUM_SLOTS, KV_TOKENS, SEQUENCE_TOKENS, STEP_TOKENS, MAX_WAITING = 3, 40, 30, 6, 5


def make(
    *,
    num_slots: int = NUM_SLOTS,
    kv_tokens: int = KV_TOKENS,
    sequence_tokens: int = SEQUENCE_TOKENS,
    step_tokens: int = STEP_TOKENS,
    mixed_tokens: int | None = None,
    min_share_tokens: int = 1,
) -> Scheduler:
    """A small scheduler."""
    cache = KvCache(num_slots=num_slots, kv_tokens=kv_tokens, memory=FakeMemory("full", num_slots))
    budget = Budget(
        step_tokens,
        mixed_tokens or step_tokens,
        max_outputs=8,
        max_sequence_tokens=sequence_tokens,
        min_share_tokens=min_share_tokens,
    )
    return Scheduler(cache=cache, budget=budget, max_waiting=MAX_WAITING)


def find(scheduler: Scheduler, number: int) -> Sequence | None:
    """The running or waiting sequence of a request."""
    return next((s for s in scheduler.all_sequences() if s.request.id == number), None)


def request(number: int, num_prompt: int, max_tokens: int | None = 4) -> Request:
    """A request whose tokens tell whose they are and where."""
    return Request(number, tuple(number * 1000 + i for i in range(num_prompt)), max_tokens)


def run_step(scheduler: Scheduler, memory: FakeMemory | None = None) -> StepPlan:
    """Plan and commit one step; every sampled token is 7, sequences end when their tokens are out."""
    plan = scheduler.plan(0.0)
    for chunk in plan.chunks:
        if memory is not None:
            memory.add(chunk)
        sequence = scheduler.computed(chunk)
        if chunk.num_outputs and scheduler.append(sequence, 7):
            scheduler.end(sequence)
    return plan


class SchedulerMachine(RuleBasedStateMachine):
    """Against a naive model that knows, per request, which tokens must be computed in which order."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = make()
        self.next_id = 1
        self.todo: dict[int, list[int]] = {}  # request id -> tokens known but not computed, in order
        self.left: dict[int, int] = {}  # request id -> tokens it may still generate
        self.ended: list[int] = []
        self.waited: dict[int, int] = {}  # request id -> steps since it was submitted

    @rule(num_prompt=st.integers(0, 35), max_tokens=st.one_of(st.none(), st.integers(1, 12)))
    def submit(self, num_prompt: int, max_tokens: int | None) -> None:
        """A request is taken, or refused for a reason that holds."""
        new, self.next_id = request(self.next_id, num_prompt, max_tokens), self.next_id + 1
        wanted = num_prompt + (max_tokens or max(SEQUENCE_TOKENS - num_prompt, 1))
        try:
            self.scheduler.submit(new, 0.0)
        except RefusedError as refused:
            self.check_refusal(refused.kind, num_prompt, wanted)
            return
        self.todo[new.id], self.left[new.id] = list(new.prompt), wanted - num_prompt
        self.waited[new.id] = 0

    def check_refusal(self, kind: FailureKind, num_prompt: int, wanted: int) -> None:
        """No prompt, no room ever, or no room to wait."""
        assert (num_prompt == 0) == (kind is FailureKind.BAD_PROMPT)
        assert (num_prompt > 0 and wanted > SEQUENCE_TOKENS) == (kind is FailureKind.TOO_LONG)
        assert kind is not FailureKind.QUEUE_FULL or self.scheduler.num_waiting >= MAX_WAITING

    @precondition(lambda self: self.todo)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Whoever is cancelled is gone at once."""
        number = data.draw(st.sampled_from(sorted(self.todo)))
        sequence = find(self.scheduler, number)
        assert sequence is not None
        self.scheduler.end(sequence)
        assert find(self.scheduler, number) is None
        self.forget(number)

    @rule(token=st.integers(-5, -1), data=st.data())
    def step(self, token: int, data: st.DataObject) -> None:
        """Budget kept, right tokens in the right order, running streams always served, ends exactly once."""
        plan = self.scheduler.plan(0.0)
        assert plan.num_tokens <= STEP_TOKENS
        assert plan.chunks or not self.todo, "somebody waits and nobody runs"
        assert [c.seq for c in plan.chunks] == sorted({c.seq for c in plan.chunks})
        served = set()
        for chunk in plan.chunks:
            sequence = self.scheduler.computed(chunk)
            number = sequence.request.id
            served.add(number)
            todo = self.todo[number]
            assert list(chunk.tokens) == todo[: len(chunk.tokens)]
            assert chunk.tokens
            del todo[: len(chunk.tokens)]
            assert chunk.num_outputs == int(not todo)
            if chunk.num_outputs:
                self.sampled(number, token, early=data.draw(st.booleans()))
        running = {s.request.id for s in self.scheduler.all_sequences() if s.is_running}
        assert all(len(self.todo[number]) > 1 for number in running - served), "a running stream got no token"

    def sampled(self, number: int, token: int, *, early: bool) -> None:
        """The model's next token; now and then it ends the answer."""
        sequence = find(self.scheduler, number)
        assert sequence is not None
        is_last = self.scheduler.append(sequence, token)
        self.left[number] -= 1
        self.todo[number].append(token)
        assert is_last == (self.left[number] == 0)
        if is_last or early:
            self.scheduler.end(sequence)
            self.forget(number)
            self.ended.append(number)

    def forget(self, number: int) -> None:
        """It ended."""
        del self.todo[number], self.left[number]

    @invariant()
    def bounds_hold(self) -> None:
        """Everyone is somewhere, once; no more than allowed anywhere."""
        everyone = [s.request.id for s in self.scheduler.all_sequences()]
        assert sorted(everyone) == sorted(self.todo)
        assert self.scheduler.num_running <= NUM_SLOTS
        running = [s for s in self.scheduler.all_sequences() if s.is_running]
        assert sum(s.num_reserved for s in running) <= KV_TOKENS
        assert all(len(s.tokens) <= s.num_reserved for s in running)
        assert len(self.ended) == len(set(self.ended))

    def teardown(self) -> None:
        """Nothing starves: with no new requests, everyone ends in a bounded number of steps."""
        for _ in range(400):
            if self.scheduler.is_idle:
                return
            run_step(self.scheduler)
        raise AssertionError("somebody never ended")


TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_long_prompt_does_not_stall_a_stream() -> None:
    """While a long prompt is computed over several steps, a running stream gets its token in each of them."""
    scheduler = make()
    scheduler.submit(request(1, 1, 10), 0.0)
    run_step(scheduler)
    scheduler.submit(request(2, 20, 2), 0.0)
    for _ in range(4):
        plan = run_step(scheduler)
        assert [len(c.tokens) for c in plan.chunks] == [1, 5]


def test_prompts_share_what_the_streams_leave() -> None:
    """Half is for the prompt that came first, and a short one is through at once."""
    scheduler = make()
    scheduler.submit(request(1, 20, 1), 0.0)
    scheduler.submit(request(2, 3, 1), 1.0)
    assert [len(c.tokens) for c in scheduler.plan(1.0).chunks] == [3, 3]


def test_a_small_request_passes_a_big_one_but_not_for_ever() -> None:
    """A request that fits goes ahead of one that doesn't, until that one has been passed often enough."""
    scheduler = make(num_slots=3, kv_tokens=70, sequence_tokens=70)
    scheduler.submit(request(1, 1, 50), 0.0)
    run_step(scheduler)
    scheduler.submit(request(2, 20, 1), 0.0)  # more than the first one leaves
    admitted = []
    for number in range(3, 60):
        if scheduler.num_waiting < MAX_WAITING:
            scheduler.submit(request(number, 2, 1), 0.0)
        admitted += [s.request.id for s in run_step(scheduler).admitted]
    assert admitted[: MAX_PASSED + 1] == [*range(3, 3 + MAX_PASSED), 2]


def test_what_can_never_fit_is_refused_with_the_numbers() -> None:
    """The error tells prompt, wish, sum and room."""
    with pytest.raises(RefusedError, match=r"28 tokens and max_tokens is 4: together 32, this model has room for 30"):
        make().submit(request(1, 28, 4), 0.0)


def test_without_max_tokens_the_rest_of_the_room_is_reserved() -> None:
    """None means: as many as fit."""
    scheduler = make()
    scheduler.submit(request(1, 10, None), 0.0)
    (sequence,) = scheduler.all_sequences()
    assert sequence.max_tokens == SEQUENCE_TOKENS - 10


def test_a_full_queue_refuses() -> None:
    """Beyond the bound nobody may wait."""
    scheduler = make()
    for number in range(1, MAX_WAITING + 1):
        scheduler.submit(request(number, 5), 0.0)
    with pytest.raises(RefusedError, match="5 wait already, 5 may wait"):
        scheduler.submit(request(99, 5), 0.0)


def test_a_budget_that_would_starve_prompts_is_refused() -> None:
    """With as many slots as step tokens, running streams could use up every step."""
    with pytest.raises(ValueError, match="step_tokens is 3 and mixed_tokens 3: must be above the 3 slots"):
        make(step_tokens=3)


def test_beside_streams_prompts_get_less_of_a_step() -> None:
    """A step with running streams is kept short; without them, prompts have the whole budget."""
    scheduler = make(step_tokens=12, mixed_tokens=5, kv_tokens=80)
    scheduler.submit(request(1, 1, 10), 0.0)
    run_step(scheduler)
    scheduler.submit(request(2, 25, 2), 0.0)
    assert [len(c.tokens) for c in run_step(scheduler).chunks] == [1, 4]
    scheduler.end(scheduler.running(0))
    assert [len(c.tokens) for c in run_step(scheduler).chunks] == [12]


def test_adapters_take_turns() -> None:
    """One decode knows one set of adapters: no step mixes them, and nobody is forgotten."""
    scheduler = make(step_tokens=12)
    for number, name in ((1, "a"), (2, "b")):
        scheduler.submit(replace(request(number, 3), adapters=(Adapter(name),)), 0.0)
    plans = [run_step(scheduler) for _ in range(4)]
    assert [len(plan.chunks) for plan in plans] == [1, 1, 1, 1]
    assert [plan.adapters[0].name for plan in plans] in (["a", "b"] * 2, ["b", "a"] * 2)


def test_texts_for_a_model_that_reads_them_whole_are_never_cut() -> None:
    """As many as fit into a step; what is longer than a step is refused with the numbers."""
    cache = KvCache(num_slots=3, kv_tokens=90, memory=FakeMemory("full", 3))
    budget = Budget(8, 8, max_outputs=8, max_sequence_tokens=30, whole_prompts=True)
    scheduler = Scheduler(cache=cache, budget=budget, max_waiting=9)
    for number, size in ((1, 5), (2, 6), (3, 3)):
        scheduler.submit(replace(request(number, size), task=Task.EMBED), 0.0)
    assert [len(c.tokens) for c in scheduler.plan(0.0).chunks] == [5, 3]
    with pytest.raises(RefusedError, match="the text has 9 tokens: this model has room for 8"):
        scheduler.submit(replace(request(4, 9), task=Task.EMBED), 0.0)


def test_long_prompts_are_through_one_after_the_other() -> None:
    """Not all at the end, and none by crumbs; what the first leaves, the next one gets."""
    scheduler = make(step_tokens=6, kv_tokens=90, min_share_tokens=4)
    for number in (1, 2, 3):
        scheduler.submit(request(number, 10, 1), float(number))
    sizes = [{c.seq: len(c.tokens) for c in run_step(scheduler).chunks} for _ in range(5)]
    assert sizes == [{0: 6}, {0: 4, 1: 2}, {1: 6}, {1: 2, 2: 4}, {2: 6}]


def test_scattered_sequences_move_together_when_nobody_fills_the_gaps() -> None:
    """Where ids in a row are computed together; not for a few steps, and not where it does not matter."""
    for copies in (True, False):
        memory = FakeMemory("full", 6, copies=copies)
        cache = KvCache(num_slots=6, kv_tokens=240, memory=memory)
        budget = Budget(12, 12, max_outputs=8, max_sequence_tokens=40)
        scheduler = Scheduler(cache=cache, budget=budget, max_waiting=9)
        for number in range(6):
            scheduler.submit(request(number, 1, 30), 0.0)
        for sequence in run_step(scheduler, memory).admitted[1::2]:
            scheduler.end(sequence)
        seqs = [[c.seq for c in run_step(scheduler, memory).chunks] for _ in range(PATIENCE_STEPS + 1)]
        assert seqs[0] == [0, 2, 4]
        assert seqs[-1] == ([0, 1, 2] if copies else [0, 2, 4])


def test_who_comes_with_others_starts_with_them_when_there_is_room() -> None:
    """Where nobody may wait, as many as there are slots may still come between two steps, and no more."""
    cache = KvCache(num_slots=3, kv_tokens=40, memory=FakeMemory("full", 3))
    scheduler = Scheduler(cache=cache, budget=Budget(6, 6, 8, 30), max_waiting=0)
    for number in (1, 2):
        scheduler.submit(request(number, 5), 0.0)
    with pytest.raises(RefusedError, match="2 wait already, 0 may wait"):
        scheduler.submit(request(3, 20), 0.0)  # a slot, but not so many tokens
    scheduler.submit(request(3, 5), 0.0)
    with pytest.raises(RefusedError, match="3 wait already, 0 may wait"):
        scheduler.submit(request(4, 5), 0.0)
    assert len(run_step(scheduler).admitted) == 3


def test_streams_whose_turn_it_is_not_are_not_held_up_longer_either() -> None:
    """Prompts of one set of adapters get no more of a step than beside streams, when streams of another set wait."""
    scheduler = make(step_tokens=12, mixed_tokens=5, kv_tokens=80)
    scheduler.submit(request(1, 1, 9), 0.0)
    run_step(scheduler)
    scheduler.submit(replace(request(2, 25), adapters=(Adapter("a"),)), 0.0)
    sizes = [[len(c.tokens) for c in run_step(scheduler).chunks] for _ in range(4)]
    assert sizes in ([[1], [5], [1], [5]], [[5], [1], [5], [1]])


def test_sets_of_adapters_that_come_and_go_starve_nobody() -> None:
    """Whoever is ready has its turn after those that were ready before, however many new ones come."""
    scheduler = make(step_tokens=12, kv_tokens=80, num_slots=3)
    scheduler.submit(replace(request(1, 1, 9), adapters=(Adapter("a"),)), 0.0)
    served = 0
    for number in range(2, 20):
        if scheduler.num_running < 3:
            scheduler.submit(replace(request(number, 1, 1), adapters=(Adapter("b", number),)), 0.0)
        served += any(s.name == "a" for s in run_step(scheduler).adapters)
    assert served >= 6  # every third turn at least


def test_a_long_text_has_its_turn_though_short_ones_keep_coming() -> None:
    """A model that reads texts at once: the one that came first is in the next step, whoever has a lower id."""
    cache = KvCache(num_slots=3, kv_tokens=90, memory=FakeMemory("full", 3))
    scheduler = Scheduler(cache=cache, budget=Budget(8, 8, 8, 30, whole_prompts=True), max_waiting=9)
    scheduler.submit(replace(request(1, 5), task=Task.EMBED), 0.0)
    scheduler.submit(replace(request(2, 8), task=Task.EMBED), 1.0)
    (chunk,) = scheduler.plan(1.0).chunks
    scheduler.end(scheduler.computed(chunk))
    scheduler.submit(replace(request(3, 5), task=Task.EMBED), 2.0)
    assert [len(c.tokens) for c in scheduler.plan(2.0).chunks] == [8]


def test_choices_of_an_answer_that_has_begun_are_not_late() -> None:
    """The client hears something already; while none has begun, all of them are late together."""
    for num_slots, num_late in ((1, 0), (2, 0)):
        scheduler = make(num_slots=num_slots)
        scheduler.submit(replace(request(1, 3, 9), num_choices=3, wait_s=5.0), 0.0)
        scheduler.plan(0.0)
        assert len(scheduler.plan(9.0).late) == num_late
    scheduler = make(num_slots=1)
    scheduler.submit(request(1, 3, 9), 0.0)
    scheduler.submit(replace(request(2, 3, 9), num_choices=3, wait_s=5.0), 0.0)
    scheduler.plan(0.0)
    assert [s.choice for s in scheduler.plan(5.0).late] == [0, 1, 2]


def test_each_place_where_others_branch_off_gets_a_copy() -> None:
    """Where memory is at one position only: of the same leader, one after the other; they cost no tokens."""
    memory = FakeMemory("exact", 8)
    cache = KvCache(num_slots=3, kv_tokens=400, memory=memory, num_ids=8)
    scheduler = Scheduler(cache=cache, budget=Budget(10, 10, 8, 100), max_waiting=9)
    prompt = tuple(range(90))
    scheduler.submit(Request(1, prompt, 1), 0.0)
    run_step(scheduler, memory)
    for number, size in ((2, 20), (3, 40)):
        scheduler.submit(Request(number, (*prompt[:size], 1000 + number), 1), 0.0)
        while find(scheduler, number) is not None:
            run_step(scheduler, memory)
    assert sorted(kept.num_tokens for kept in cache.kept()) == [20, 40]
    scheduler.submit(Request(4, (*prompt[:40], 2000), 1), 0.0)
    run_step(scheduler, memory)
    fourth = find(scheduler, 4)
    assert fourth is None or fourth.num_cached == 40
