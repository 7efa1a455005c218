"""Tests of serve.security.limits."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import RateLimitError
from serve.security.keys import Key, digest_of
from serve.security.limits import Bucket, Limits
from tests.helpers.fakes import FakeClock


def make_key(name: str = "a", *, rate: int | None = None, concurrency: int | None = None) -> Key:
    """A key with limits."""
    return Key(name, digest_of(name.encode()), rate_per_min=rate, concurrency=concurrency)


def test_a_minutes_worth_may_come_at_once_and_then_as_much_as_flows_in() -> None:
    """The error says when the next one is there."""
    clock = FakeClock()
    limits, key = Limits(clock), make_key(rate=6)
    for _ in range(6):
        with limits.use(key):
            pass
    with pytest.raises(RateLimitError, match="'a' has sent too many requests: 6 a minute") as raised, limits.use(key):
        pass
    assert raised.value.retry_after_s == 10
    clock.now += 10
    with limits.use(key):
        pass
    with limits.use(make_key("b", rate=1)):
        pass


def test_so_many_run_at_once_and_not_one_more() -> None:
    """However one ends, its place is free again; what was refused took none, and no token of the rate."""
    limits, key = Limits(FakeClock()), make_key(concurrency=2, rate=3)
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(limits.use(key))
        for _ in range(5):
            with (
                pytest.raises(RateLimitError, match="has 2 requests running: 2 are allowed") as raised,
                limits.use(key),
            ):
                pass
            assert raised.value.retry_after_s == 1
    with pytest.raises(ValueError, match="ours"), limits.use(key):
        raise ValueError("ours")
    with pytest.raises(RateLimitError, match="too many requests"), limits.use(key):
        pass


def test_limits_that_are_read_again_count_at_once() -> None:
    """What was used before still counts."""
    clock = FakeClock()
    limits = Limits(clock)
    for _ in range(4):
        with limits.use(make_key(rate=600)):
            pass
    with limits.use(make_key(rate=1)):  # the level is above that: it is cut to one
        pass
    with pytest.raises(RateLimitError), limits.use(make_key(rate=1)):
        pass


@given(st.integers(1, 600), st.lists(st.floats(-5, 30), max_size=60))
def test_never_more_than_one_minutes_worth_and_what_flowed_in(rate: int, pauses: list[float]) -> None:
    """Whatever the clock does: jumps forward, stands still, goes back."""
    now, num_taken = 0.0, 0
    bucket, flowed = Bucket(rate, now), 0.0
    for pause in pauses:
        now, flowed = now + pause, flowed + max(pause, 0.0)
        while not (wait_s := bucket.take(rate, now)):
            num_taken += 1
        assert 0 < wait_s <= 60 / rate + 1e-6
        assert num_taken <= rate + flowed * rate / 60 + 1e-6
