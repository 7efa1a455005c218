"""Tests of serve.engine.leftovers."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.leftovers import Kept, Leftovers
from tests.helpers.fake_backend import FakeMemory, Kind

KIND = "any"


def raw(tokens: range | tuple[int, ...]) -> bytes:
    """Tokens as they are kept."""
    return array("i", tokens).tobytes()


def make(kind: Kind = "full") -> Leftovers:
    """None yet."""
    return Leftovers(FakeMemory(kind, 9))


def evict(left: Leftovers, spared: Kept | None = None) -> int:
    """Who went."""
    victim = left.evict(lambda seq: left[seq].num_tokens, spared)
    left.remove(victim.seq)
    return victim.seq


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 5)), min_size=1, max_size=9))
def test_all_spares_go_before_all_others(given_ones: list[tuple[int, bool, int]]) -> None:
    """Whatever they are worth; only the others count as evicted, and each goes once."""
    left = make()
    for seq, (size, is_spare, num_uses) in enumerate(given_ones):
        left.add(seq, KIND, raw(range(size)), num_uses=num_uses, is_spare=is_spare)
    gone = [evict(left) for _ in given_ones]
    assert sorted(gone) == list(range(len(given_ones)))
    spares = [given_ones[seq][1] for seq in gone]
    assert spares == sorted(spares, reverse=True)
    assert left.num_evicted == spares.count(False)


def test_of_those_that_are_worth_something_the_least_used_goes() -> None:
    """By what it saves for what it holds."""
    left = make()
    for seq in range(3):
        left.add(seq, KIND, raw(range(20)))
    left.use(left[0])
    left.use(left[2])
    assert evict(left) == 1
    assert evict(left, spared=left[0]) == 2


def test_a_favourite_of_long_ago_goes_in_the_end() -> None:
    """The clock rises with what is given up."""
    left = make()
    left.add(0, KIND, raw(range(20)), num_uses=3)
    gone = []
    for seq in range(1, 9):
        left.add(seq, KIND, raw(range(seq * 100, seq * 100 + 20)))
        gone.append(evict(left))
    assert gone[0] == 1
    assert 0 in gone


def test_what_says_the_same_or_less() -> None:
    """Of the same kind; where only the end of a sequence can be used, only the same says the same."""
    for kind, is_within in (("full", True), ("exact", False)):
        left = make(kind)  # type: ignore[arg-type]
        left.add(0, KIND, raw(range(20)))
        assert left.is_said(KIND, raw(range(20)))
        assert left.is_said(KIND, raw(range(10))) is is_within
        assert not left.is_said("other", raw(range(20)))
        assert not left.is_said(KIND, raw(range(21)))
        assert [kept.seq for kept in left.said_by(KIND, raw(range(21)))] == ([0] if is_within else [])
        assert left.said_by("other", raw(range(21))) == left.said_by(KIND, raw(range(20))) == []


def test_the_lowest_spare_is_found() -> None:
    """Not one that is worth something."""
    left = make()
    left.add(0, KIND, raw(range(20)))
    assert left.lowest_spare() is None
    for seq in (5, 3, 4):
        left.add(seq, KIND, raw(range(3)), is_spare=True)
    assert left[3] is left.lowest_spare()


def test_another_id_takes_all_along() -> None:
    """The old one is nobody's."""
    left = make()
    left.add(0, KIND, raw(range(20)))
    left.rename(left[0], 4)
    assert (0 in left, 4 in left, len(left), [kept.seq for kept in left]) == (False, True, 1, [4])
