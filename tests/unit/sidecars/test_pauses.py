"""Tests of health_monitor.pauses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from health_monitor.pauses import Pauses

MIDDLE = Pauses(backoff_max_s=120.0, jitter=0.1, chance=lambda: 0.5)


def test_what_is_down_is_asked_half_as_often_each_time_up_to_a_bound() -> None:
    """15 s while it is not down, then 30, 60, 120 and never more."""
    assert [MIDDLE.next_s(15.0, beyond) for beyond in range(6)] == [15.0, 30.0, 60.0, 120.0, 120.0, 120.0]
    assert MIDDLE.next_s(15.0, 10_000) == 120.0


def test_a_bound_below_the_interval_never_makes_it_more_often() -> None:
    """Backoff is for less work, not for more."""
    assert Pauses(5.0, 0.0, lambda: 0.5).next_s(15.0, 3) == 15.0


@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0.1, 1000), st.integers(0, 100))
def test_jitter_stays_within_its_share(chance: float, jitter: float, interval_s: float, beyond: int) -> None:
    """Around the pause that there would be without, and the first check is within its share of one interval."""
    pauses, plain = Pauses(120.0, jitter, lambda: chance), Pauses(120.0, 0.0, lambda: chance)
    pause, middle = pauses.next_s(interval_s, beyond), plain.next_s(interval_s, beyond)
    assert middle * (1 - jitter) * 0.999999 <= pause <= middle * (1 + jitter) * 1.000001
    assert 0 <= pauses.first_s(interval_s) <= interval_s * jitter
