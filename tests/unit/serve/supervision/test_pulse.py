"""Tests of serve.supervision.pulse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.supervision.pulse import MAX_RETRY_AFTER_S, Pace, Pulse
from tests.helpers.fakes import FakeClock


def test_silence_adds_up_and_a_word_ends_it() -> None:
    """Looking often measures how long nothing was heard."""
    clock = FakeClock()
    pulse = Pulse(clock, longest_gap_s=0.5)
    for _ in range(4):
        clock.now += 0.25
        pulse.look()
    assert pulse.silent_s == 1.0
    pulse.beat()
    assert pulse.look() == 0.0


def test_time_in_which_the_listener_slept_does_not_count() -> None:
    """A machine that was stopped for an hour does not take its workers for dead on waking up."""
    clock = FakeClock()
    pulse = Pulse(clock, longest_gap_s=0.5)
    clock.now += 3600
    assert pulse.look() == 0.5


def test_nothing_measured_means_try_again_soon() -> None:
    """Before the first request has ended there is no rate to compute with."""
    assert Pace().retry_after_s(10, 2) == 1


def test_retry_after_follows_the_measured_rate() -> None:
    """Eight that wait, two slots, four seconds each: the last of them starts in sixteen seconds."""
    pace = Pace()
    pace.ended(4.0)
    assert pace.retry_after_s(10, 2) == 16


@given(st.floats(0, 1e6), st.integers(0, 1000), st.integers(1, 64))
def test_retry_after_is_always_a_sane_number(duration_s: float, num_requests: int, num_slots: int) -> None:
    """Never zero, never more than the maximum."""
    pace = Pace()
    pace.ended(duration_s)
    assert 1 <= pace.retry_after_s(num_requests, num_slots) <= MAX_RETRY_AFTER_S
