"""Tests of serve.supervision.lifecycle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.supervision.lifecycle import BACKOFF_BASE_S, BACKOFF_MAX_S, STABLE_S, Lifecycle, State
from tests.helpers.fakes import FakeClock


def make(jitter: float = 1.0) -> tuple[Lifecycle, FakeClock]:
    """A lifecycle whose chance is fixed."""
    clock = FakeClock()
    return Lifecycle(clock=clock, jitter=lambda: jitter), clock


def crash(life: Lifecycle) -> None:
    """Load and fail once more."""
    if life.state in (State.ABSENT, State.FAILED):
        life.to(State.READY_ON_DISK)
    life.to(State.LOADING)
    life.fail("boom")


@given(st.integers(1, 40), st.floats(0, 1))
def test_each_failure_in_a_row_waits_longer_up_to_the_most(num_failures: int, jitter: float) -> None:
    """The wait doubles, is between half and all of its step, and never exceeds the maximum."""
    life, clock = make(jitter)
    for _ in range(num_failures):
        crash(life)
    step_s = min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2 ** (num_failures - 1))
    assert step_s / 2 <= life.retry_at - clock.now <= step_s


def test_retry_is_possible_when_the_wait_is_over_and_not_before() -> None:
    """can_retry asks the clock."""
    life, clock = make()
    crash(life)
    assert not life.can_retry()
    clock.now += BACKOFF_BASE_S
    assert life.can_retry()


def test_a_crash_after_long_service_counts_as_the_first() -> None:
    """A model that served for a while is not punished for old failures."""
    life, clock = make()
    for _ in range(6):
        crash(life)
    life.to(State.READY_ON_DISK)
    life.to(State.LOADING)
    life.to(State.SERVING)
    clock.now += STABLE_S
    life.fail("boom")
    assert life.retry_at - clock.now == BACKOFF_BASE_S


def test_a_way_that_is_not_drawn_is_a_bug() -> None:
    """Nothing serves without having loaded."""
    life, _ = make()
    with pytest.raises(AssertionError, match="no way from absent to serving"):
        life.to(State.SERVING)


@pytest.mark.parametrize("verdict", [State.SERVING, State.FAILED])
def test_the_first_load_has_ended_when_there_is_a_verdict(verdict: State) -> None:
    """Whether it serves or failed, the startup is over, and stays over."""
    life, _ = make()
    life.to(State.READY_ON_DISK)
    life.to(State.LOADING)
    assert not life.first_load_ended
    life.fail("x") if verdict is State.FAILED else life.to(verdict)
    assert life.first_load_ended
