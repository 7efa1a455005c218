"""The scheduler with shared beginnings, of all kinds of memory, against a naive model that shares nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from serve.engine.cache import KvCache
from serve.engine.drafts import NgramDraft
from serve.engine.errors import RefusedError
from serve.engine.leftovers import MIN_SHARED_TOKENS
from serve.engine.scheduler import Scheduler, StepPlan
from serve.engine.sequence import Chunk, Sequence
from serve.engine.shares import Budget
from serve.engine.types import Adapter, Request, Task
from tests.helpers.fake_backend import FakeMemory, Kind

NUM_SLOTS, NUM_IDS, KV_TOKENS, SEQUENCE_TOKENS = 4, 7, 150, 60
STEP_TOKENS, MIXED_TOKENS, MAX_OUTPUTS, MAX_WAITING = 20, 12, 8, 6
STEMS = tuple(tuple(stem * 100 + i for i in range(45)) for stem in range(2))
KINDS: tuple[Kind, ...] = ("full", "window", "exact")


class SharingMachine(RuleBasedStateMachine):
    """The memory asserts that nobody looks at what is not there, or writes what is; this one counts the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: Counter[int] = Counter()
        self.left: dict[int, int] = {}  # request id -> choices that have not ended
        self.next_id = 0

    @initialize(kind=st.sampled_from(KINDS), copies=st.booleans(), kv_tokens=st.sampled_from([60, KV_TOKENS, 240]))
    def begin(self, kind: Kind, copies: bool, kv_tokens: int) -> None:
        """Each kind of memory, with cells that are shared or copied, too few or plenty."""
        num_ids = NUM_SLOTS if copies else NUM_IDS
        self.memory = FakeMemory(kind, num_ids, copies=copies)
        self.cache = KvCache(num_slots=NUM_SLOTS, kv_tokens=kv_tokens, memory=self.memory, num_ids=num_ids)
        budget = Budget(STEP_TOKENS, MIXED_TOKENS, MAX_OUTPUTS, SEQUENCE_TOKENS, min_share_tokens=4)
        self.scheduler = Scheduler(cache=self.cache, budget=budget, max_waiting=MAX_WAITING)

    @rule(
        stem=st.sampled_from(STEMS),
        num_shared=st.sampled_from([0, 3, 8, 16, 17, 30, 45]),
        num_own=st.integers(1, 9),
        is_repeated=st.booleans(),
        max_tokens=st.integers(0, 6),
        num_choices=st.sampled_from([1, 1, 2]),
        kind=st.sampled_from(["plain", "plain", "plain", "embed", "scored", "adapter"]),
    )
    def submit(
        self,
        stem: tuple[int, ...],
        num_shared: int,
        num_own: int,
        is_repeated: bool,
        max_tokens: int,
        num_choices: int,
        kind: str,
    ) -> None:
        """Of any kind, beginning as others do, or all the same."""
        number, self.next_id = self.next_id, self.next_id + 1
        own = 900 if is_repeated else 1000 * (number + 1)
        prompt = (*stem[:num_shared], *(own + i for i in range(num_own)))
        wish = Request(number, prompt, max_tokens, num_choices=num_choices, scores_prompt=kind == "scored")
        if kind == "embed":
            wish = replace(wish, task=Task.EMBED, num_choices=1)
        if kind == "adapter":
            wish = replace(wish, adapters=(Adapter("a"),))
        try:
            sequences = self.scheduler.submit(wish, 0.0)
        except RefusedError:
            return
        self.left[number] = len(sequences)
        for sequence in sequences:
            sequence.draft = NgramDraft(3) if self.memory.can_trim and number % 3 == 0 else None

    @precondition(lambda self: self.left)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """One choice, wherever it is."""
        self.end(data.draw(st.sampled_from(self.scheduler.all_sequences())), keep=data.draw(st.booleans()))

    @rule(token=st.integers(1, 3), early=st.booleans())
    def step(self, token: int, early: bool) -> None:
        """No more rows, or rows that yield something, than allowed; who streams is in every step of its adapters."""
        plan = self.scheduler.plan(0.0)
        running = [each for each in self.scheduler.all_sequences() if each.is_running]
        assert plan.chunks or not running, "somebody runs and nobody computes"
        self.check(plan, running)
        for chunk in plan.chunks:
            self.memory.add(chunk)
        for chunk in plan.chunks:
            self.commit(chunk, token, early=early)

    def check(self, plan: StepPlan, running: list[Sequence]) -> None:
        """Budgets, order, turns."""
        streams = [s for s in running if s.follows is None and s.num_pending == 1 and not s.is_at_all_rows]
        assert plan.num_tokens <= (MIXED_TOKENS if streams else STEP_TOKENS)
        computes = [self.scheduler.running(chunk.seq) for chunk in plan.chunks]
        pairs = zip(plan.chunks, computes, strict=True)
        yields_all = any(chunk.num_outputs and each.request.task is Task.EMBED for chunk, each in pairs)
        assert plan.embeds == yields_all
        assert (plan.num_tokens if yields_all else sum(c.num_outputs for c in plan.chunks)) <= MAX_OUTPUTS
        assert [chunk.seq for chunk in plan.chunks] == sorted({chunk.seq for chunk in plan.chunks})
        assert all(each.request.adapters == plan.adapters and each.follows is None for each in computes)
        assert {s.seq for s in streams if s.request.adapters == plan.adapters} <= {s.seq for s in computes}
        for chunk, sequence in zip(plan.chunks, computes, strict=True):
            known = tuple(sequence.tokens[chunk.start : chunk.end])
            assert chunk.tokens[: len(known)] == known
            assert chunk.start == sequence.num_computed

    def commit(self, chunk: Chunk, token: int, *, early: bool) -> None:
        """The model says one token, and one more for each guess that was right."""
        sequence = self.scheduler.computed(chunk)
        if sequence.num_pending:
            return
        if sequence.request.task is Task.EMBED or sequence.max_tokens == 0:
            self.end(sequence, keep=False)
            return
        drafts = chunk.tokens[len(chunk.tokens) - sequence.num_drafts :] if sequence.num_drafts else ()
        num_right = 0
        while True:
            is_last = self.scheduler.append(sequence, token)
            if is_last or early or num_right == len(drafts) or drafts[num_right] != token:
                break
            num_right += 1
        if drafts:
            self.scheduler.settle(sequence, num_right)
        if is_last or early:
            self.end(sequence, keep=True)

    def end(self, sequence: Sequence, *, keep: bool) -> None:
        """Exactly once."""
        self.scheduler.end(sequence, keep=keep)
        number = sequence.request.id
        self.ended[number] += 1
        self.left[number] -= 1
        assert self.left[number] >= 0
        if not self.left[number]:
            del self.left[number]

    @invariant()
    def everyone_is_somewhere_once(self) -> None:
        """And never more than there is."""
        if not hasattr(self, "scheduler"):
            return
        assert Counter(s.request.id for s in self.scheduler.all_sequences()) == Counter(self.left)
        assert self.scheduler.num_running <= NUM_SLOTS
        assert self.cache.num_reserved_tokens <= self.cache.kv_tokens
        assert self.cache.num_kept_tokens <= self.cache.num_reserved_tokens
        running = [s for s in self.scheduler.all_sequences() if s.is_running]
        assert len({s.seq for s in running} | {kept.seq for kept in self.cache.kept()}) == len(running) + (
            self.cache.num_kept
        )
        for sequence in running:
            assert len(sequence.tokens) <= sequence.num_reserved
            held = self.memory.tokens.get(sequence.seq, [])
            assert held == list(sequence.tokens[: sequence.num_computed])
        for kept in self.cache.kept():
            assert kept.is_spare or kept.num_tokens >= MIN_SHARED_TOKENS
            assert kept.tokens == b"".join(token.to_bytes(4, "little") for token in self.memory.tokens[kept.seq])

    def teardown(self) -> None:
        """Nothing starves; then all that is kept can be given back."""
        if not hasattr(self, "scheduler"):
            return
        for _ in range(400):
            if self.scheduler.is_idle:
                break
            self.step(2, early=False)
        assert self.scheduler.is_idle, "somebody never ended"
        assert not self.left
        self.cache.drop_kept()
        assert (self.cache.num_reserved_tokens, self.memory.tokens) == (0, {})


TestSharing = SharingMachine.TestCase
TestSharing.settings = settings(
    max_examples=80,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
