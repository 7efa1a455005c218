"""Tests of serve.engine.shares."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.drafts import NgramDraft
from serve.engine.sequence import Chunk, Sequence
from serve.engine.shares import Budget, is_stream, share_step, take_whole
from serve.engine.types import Request, Task

BUDGET = Budget(40, 25, max_outputs=12, max_sequence_tokens=500, min_share_tokens=8)


def sequence(seq: int, num_pending: int, *, scored: bool = False, arrived_s: float = 0.0) -> Sequence:
    """One that has computed a few tokens."""
    one = Sequence(Request(seq, tuple(range(3 + num_pending)), scores_prompt=scored), 0, 50, arrived_s)
    one.seq, one.num_computed = seq, 3
    return one


READY = st.lists(st.tuples(st.sampled_from([1, 1, 2, 7, 30, 90]), st.booleans()), min_size=1, max_size=9)


@given(READY, st.booleans())
def test_a_step_is_full_and_never_more(sizes: list[tuple[int, bool]], keeps_short: bool) -> None:
    """Each stream has its row; prompts have the rest while they want some; as many rows yield something as may."""
    ready = [sequence(seq, size, scored=scored) for seq, (size, scored) in enumerate(sizes)]
    chunks = share_step(BUDGET, ready, keeps_short=keeps_short)
    rows = Counter({chunk.seq: len(chunk.tokens) for chunk in chunks})
    limit = BUDGET.mixed_tokens if keeps_short else BUDGET.step_tokens
    limit = min(limit, BUDGET.max_outputs) if any(scored for _, scored in sizes) else limit
    assert rows.total() == min(limit, sum(size for size, _ in sizes))
    assert sum(chunk.num_outputs for chunk in chunks) <= BUDGET.max_outputs
    assert all(rows[one.seq] == 1 for one in ready if is_stream(one))
    for chunk in chunks:
        one = ready[chunk.seq]
        assert chunk.tokens == tuple(one.tokens[3 : 3 + len(chunk.tokens)])
        is_through = len(chunk.tokens) == one.num_pending
        assert chunk.num_outputs == (len(chunk.tokens) if one.is_at_all_rows else int(is_through))


PROMPTS = st.lists(st.tuples(st.integers(2, 60), st.integers(0, 9)), min_size=1, max_size=6)


@given(PROMPTS)
def test_half_is_for_the_oldest_and_the_rest_for_the_shortest(given_ones: list[tuple[int, int]]) -> None:
    """Nobody waits for ever, and nobody for one who needs more, unless that one came first."""
    ready = [sequence(seq, size, arrived_s=float(age)) for seq, (size, age) in enumerate(given_ones)]
    rows = Counter({chunk.seq: len(chunk.tokens) for chunk in share_step(BUDGET, ready, keeps_short=False)})
    oldest = min(ready, key=lambda one: one.arrived_s)
    assert rows[oldest.seq] >= min(oldest.num_pending, BUDGET.step_tokens // 2)
    for one in ready:
        if rows[one.seq] == one.num_pending:
            continue
        longer = [other for other in ready if other.num_pending > one.num_pending and other is not oldest]
        assert all(rows[other.seq] < BUDGET.min_share_tokens or rows[one.seq] > 0 for other in longer)


@given(PROMPTS)
def test_no_prompt_is_cut_into_crumbs(given_ones: list[tuple[int, int]]) -> None:
    """A piece brings its prompt to the end or is worth its place; but for the oldest one's, and what is left over."""
    ready = [sequence(seq, size, arrived_s=float(age)) for seq, (size, age) in enumerate(given_ones)]
    oldest = min(ready, key=lambda one: one.arrived_s)
    others = [c for c in share_step(BUDGET, ready, keeps_short=False) if c.seq != oldest.seq]
    assert sum(len(c.tokens) < min(ready[c.seq].num_pending, BUDGET.min_share_tokens) for c in others) <= 1


def test_what_is_too_little_for_others_is_the_oldest_one_s() -> None:
    """Three rows more for it, rather than three for a prompt of ninety."""
    ready = [sequence(0, 90, arrived_s=1.0), sequence(1, 17, arrived_s=2.0), sequence(2, 80, arrived_s=3.0)]
    assert [len(chunk.tokens) for chunk in share_step(BUDGET, ready, keeps_short=False)] == [23, 17]


def test_equal_prompts_are_through_one_after_the_other() -> None:
    """The first one is not late for the sake of the last one."""
    ready = [sequence(seq, 90, arrived_s=float(-seq)) for seq in range(4)]
    (chunk,) = share_step(BUDGET, ready, keeps_short=False)
    assert (chunk.seq, len(chunk.tokens)) == (3, 40)


@given(PROMPTS)
def test_everyone_is_through_some_time_whoever_comes(given_ones: list[tuple[int, int]]) -> None:
    """Though short ones keep coming: half of each step is for the oldest."""
    old = [sequence(seq, size, arrived_s=float(age)) for seq, (size, age) in enumerate(given_ones)]
    bound = sum(-(-size // (BUDGET.step_tokens // 2)) for size, _ in given_ones)
    for number in range(bound):
        new = [sequence(100 + place, 2, arrived_s=10.0 + number) for place in range(20)]
        chunks = share_step(BUDGET, [*old, *new], keeps_short=False)
        for one in old:
            one.num_computed += sum(len(chunk.tokens) for chunk in chunks if chunk.seq == one.seq)
        old = [one for one in old if one.num_pending]
    assert not old


def test_a_prompt_pauses_where_somebody_wants_a_copy() -> None:
    """The first such place after what is computed; what it leaves goes to others."""
    ready = [sequence(0, 90), sequence(1, 90)]
    ready[0].stops += [40, 3, 2, 10]
    chunks = share_step(BUDGET, ready, keeps_short=False)
    assert [len(chunk.tokens) for chunk in chunks] == [7, 33]


def test_guesses_take_the_rows_that_prompts_leave() -> None:
    """As many as may yield something; none beside prompts."""
    for others, num_guessed in (((), 11), ((sequence(3, 2),), 0)):
        one = Sequence(Request(0, (*range(30), *range(30))), 0, 50, 0.0)
        one.seq, one.num_computed, one.draft = 0, 59, NgramDraft(99)
        (chunk, *_) = share_step(BUDGET, [one, *others], keeps_short=True)
        assert one.num_drafts == num_guessed == len(chunk.tokens) - 1
        assert chunk.tokens == (29, *range(num_guessed))
        assert chunk.num_outputs == 1 + num_guessed


def test_guesses_of_several_share_those_rows() -> None:
    """Who comes later gets what is left."""
    ready = []
    for seq in range(3):
        one = Sequence(Request(seq, (*range(30), *range(30))), 0, 50, 0.0)
        one.seq, one.num_computed, one.draft = seq, 59, NgramDraft(5)
        ready.append(one)
    chunks = share_step(BUDGET, ready, keeps_short=True)
    assert [len(chunk.tokens) for chunk in chunks] == [6, 5, 1]


def test_whole_texts_are_taken_in_the_order_in_which_they_came() -> None:
    """Whole or not at all, given back by rising ids."""
    sizes = ((0, 20, 3.0), (1, 30, 1.0), (2, 8, 2.0), (3, 5, 9.0))
    ready = []
    for seq, size, arrived_s in sizes:
        one = Sequence(Request(seq, tuple(range(size)), task=Task.EMBED), 0, 0, arrived_s)
        one.seq = seq
        ready.append(one)
    budget = replace(BUDGET, whole_prompts=True)
    assert take_whole(budget, ready) == (Chunk(1, 0, tuple(range(30)), 30), Chunk(2, 0, tuple(range(8)), 8))


def test_a_long_text_for_a_vector_is_computed_in_whole_steps_but_for_its_end() -> None:
    """Only a step with its last row yields at every row, and is as narrow as that allows; a short text has one step."""
    sizes = {}
    for size in (5, 100):
        one = Sequence(Request(0, tuple(range(size)), task=Task.EMBED), 0, 0, 0.0)
        one.seq = 0
        steps = []
        while one.num_pending:
            (chunk,) = share_step(BUDGET, [one], keeps_short=False)
            one.num_computed = chunk.end
            steps.append(chunk)
        assert [chunk.num_outputs for chunk in steps[:-1]] == [0] * (len(steps) - 1)
        assert steps[-1].num_outputs == len(steps[-1].tokens) <= BUDGET.max_outputs
        sizes[size] = [len(chunk.tokens) for chunk in steps]
    assert sizes[5] == [5]
    assert len(sizes[100]) <= -(-100 // BUDGET.step_tokens) + 1
