"""Tests of health_monitor.state: thresholds, as examples and against a second definition of them."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from health_monitor.state import State, Tracker

COUNTS = st.integers(1, 6)


def after(results: str, down_after: int = 3, up_after: int = 2) -> State:
    """The state after results, + and -."""
    tracker = Tracker(down_after, up_after)
    for result in results:
        tracker = tracker.after(is_well=result == "+")
    return tracker.state


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ("", State.UNKNOWN),
        ("+", State.UP),
        ("--", State.UNKNOWN),
        ("---", State.DOWN),
        ("+--+--", State.UP),
        ("+---", State.DOWN),
        ("+---+", State.DOWN),
        ("+---+-+", State.DOWN),
        ("+---++", State.UP),
        ("--+", State.UP),
    ],
)
def test_a_state_changes_after_so_many_results_in_a_row(results: str, state: State) -> None:
    """Three failures, two successes, and one success where nothing was known."""
    assert after(results) is state


def by_runs(results: list[bool], down_after: int, up_after: int) -> State:
    """The same by another way: the last run of equal results that was long enough says it."""
    state = State.UNKNOWN
    for is_well, run in groupby(results):
        length = len(list(run))
        if is_well and (length >= up_after or state is State.UNKNOWN):
            state = State.UP
        elif not is_well and length >= down_after:
            state = State.DOWN
    return state


@given(st.lists(st.booleans(), max_size=60), COUNTS, COUNTS)
def test_counting_one_by_one_is_looking_at_the_runs(results: list[bool], down_after: int, up_after: int) -> None:
    """Whatever came, in whatever order."""
    tracker = Tracker(down_after, up_after)
    for is_well in results:
        tracker = tracker.after(is_well=is_well)
    assert tracker.state is by_runs(results, down_after, up_after)


class Thresholds(RuleBasedStateMachine):
    """What must hold at every single step, not only at the end."""

    @initialize(down_after=COUNTS, up_after=COUNTS)
    def begin(self, down_after: int, up_after: int) -> None:
        self.down_after, self.up_after = down_after, up_after
        self.tracker = self.before = Tracker(down_after, up_after)
        self.results: list[bool] = []

    @rule(is_well=st.booleans())
    def check(self, is_well: bool) -> None:
        self.before, self.tracker = self.tracker, self.tracker.after(is_well=is_well)
        self.results.append(is_well)

    @rule(times=st.integers(1, 7), is_well=st.booleans())
    def check_often(self, times: int, is_well: bool) -> None:
        for _ in range(times):
            self.check(is_well)

    @invariant()
    def it_changes_only_towards_the_last_result(self) -> None:
        if self.tracker.state is not self.before.state:
            assert self.tracker.state is (State.UP if self.results[-1] else State.DOWN)

    @invariant()
    def it_goes_down_only_after_enough_failures_in_a_row(self) -> None:
        if self.tracker.state is State.DOWN and self.before.state is not State.DOWN:
            assert self.results[-self.down_after :] == [False] * self.down_after

    @invariant()
    def it_comes_up_only_after_enough_successes_in_a_row(self) -> None:
        if self.tracker.state is State.UP and self.before.state is State.DOWN:
            assert self.results[-self.up_after :] == [True] * self.up_after

    @invariant()
    def what_was_known_once_is_never_unknown_again(self) -> None:
        assert not (self.tracker.state is State.UNKNOWN and self.before.state is not State.UNKNOWN)


TestThresholds = Thresholds.TestCase
