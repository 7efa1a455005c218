"""Tests of serve.pulls.speed."""

from __future__ import annotations

from serve.pulls.speed import WINDOW_S, Speed
from tests.helpers.fakes import FakeClock


def test_what_was_there_before_is_no_speed() -> None:
    """A pull that goes on from 900 bytes has not been fast yet."""
    speed = Speed(FakeClock())
    assert (speed.bytes_per_s, speed.eta_s(1000)) == (0, 0)
    speed.saw(900)
    assert (speed.bytes_per_s, speed.eta_s(1000)) == (0, 0)


def test_speed_is_of_the_last_seconds() -> None:
    """A link that became slow is slow."""
    clock = FakeClock()
    speed = Speed(clock)
    done = 0
    for rate in [100] * 20 + [10] * 20:
        speed.saw(done)
        clock.now += 1
        done += rate
    speed.saw(done)
    assert WINDOW_S < 20
    assert round(speed.bytes_per_s) == 10
    assert round(speed.eta_s(done + 100)) == 10


def test_beginning_anew_forgets_what_was() -> None:
    """It is no negative speed."""
    clock = FakeClock()
    speed = Speed(clock)
    speed.saw(500)
    clock.now += 1
    speed.saw(0)
    assert speed.bytes_per_s == 0
    clock.now += 1
    speed.saw(10)
    assert speed.bytes_per_s == 10
