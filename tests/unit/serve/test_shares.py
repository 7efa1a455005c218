"""Tests of serve.engine.shares."""

from __future__ import annotations

from collections import Counter

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


@given(READY, st.integers(0, 20), st.booleans())
def test_a_step_is_full_and_never_more(sizes: list[tuple[int, bool]], turn: int, keeps_short: bool) -> None:
    """Each stream has its row; prompts have the rest while they want some; as many rows yield something as may."""
    ready = [sequence(seq, size, scored=scored) for seq, (size, scored) in enumerate(sizes)]
    chunks = share_step(BUDGET, ready, turn, keeps_short=keeps_short)
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


@given(st.lists(st.integers(2, 60), min_size=1, max_size=5), st.integers(0, 20))
def test_prompts_share_evenly(sizes: list[int], turn: int) -> None:
    """No one gets less than another, except what it does not want, and an odd token."""
    ready = [sequence(seq, size) for seq, size in enumerate(sizes)]
    rows = {chunk.seq: len(chunk.tokens) for chunk in share_step(BUDGET, ready, turn, keeps_short=False)}
    hungry = [rows.get(seq, 0) for seq, size in enumerate(sizes) if rows.get(seq, 0) < size]
    assert all(max(rows.values()) - share <= 1 for share in hungry)


def test_every_prompt_is_first_once() -> None:
    """With more of them than pieces that are worth a step, the turn decides."""
    ready = [sequence(seq, 90) for seq in range(8)]
    served = Counter(chunk.seq for turn in range(8) for chunk in share_step(BUDGET, ready, turn, keeps_short=True))
    assert served == Counter(dict.fromkeys(range(8), 3))  # 25 rows: three pieces of 8


def test_a_prompt_pauses_where_somebody_wants_a_copy() -> None:
    """The first such place after what is computed; what it leaves goes to others."""
    ready = [sequence(0, 90), sequence(1, 90)]
    ready[0].stops += [40, 3, 2, 10]
    chunks = share_step(BUDGET, ready, 0, keeps_short=False)
    assert [len(chunk.tokens) for chunk in chunks] == [7, 33]


def test_guesses_take_the_rows_that_prompts_leave() -> None:
    """As many as may yield something; none beside prompts."""
    for others, num_guessed in (((), 11), ((sequence(3, 2),), 0)):
        one = Sequence(Request(0, (*range(30), *range(30))), 0, 50, 0.0)
        one.seq, one.num_computed, one.draft = 0, 59, NgramDraft(99)
        (chunk, *_) = share_step(BUDGET, [one, *others], 0, keeps_short=True)
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
    chunks = share_step(BUDGET, ready, 0, keeps_short=True)
    assert [len(chunk.tokens) for chunk in chunks] == [6, 5, 1]


def test_whole_texts_are_taken_in_the_order_in_which_they_came() -> None:
    """Whole or not at all, given back by rising ids."""
    sizes = ((0, 20, 3.0), (1, 30, 1.0), (2, 8, 2.0), (3, 5, 9.0))
    ready = []
    for seq, size, arrived_s in sizes:
        one = Sequence(Request(seq, tuple(range(size)), task=Task.EMBED), 0, 0, arrived_s)
        one.seq = seq
        ready.append(one)
    assert take_whole(BUDGET, ready) == (Chunk(1, 0, tuple(range(30)), 30), Chunk(2, 0, tuple(range(8)), 8))
