"""Tests of serve.pulls.retry."""

from __future__ import annotations

import pytest

from serve.errors import HubError, RateLimitError
from serve.pulls.retry import AFTER_PROGRESS_S, FIRST_S, MOST_RETRY_AFTER_S, MOST_S, Patience, TemporaryError


class Sleeps:
    """Remembers how long was waited."""

    def __init__(self) -> None:
        self.all: list[float] = []

    def patience(self, tries: int) -> Patience:
        """Without chance."""
        return Patience(tries, sleep=self.all.append, jitter=lambda: 0.5)


def failure(retry_after_s: int | None = None) -> TemporaryError:
    """One."""
    return TemporaryError(HubError("no", retry_after_s=retry_after_s))


def test_each_wait_is_twice_as_long_until_there_is_no_more() -> None:
    """The last failure is told."""
    sleeps = Sleeps()
    patience = sleeps.patience(8)
    for _ in range(7):
        patience.wait(failure())
    assert sleeps.all == [FIRST_S, 1, 2, 4, MOST_S, MOST_S, MOST_S]
    with pytest.raises(HubError, match="no"):
        patience.wait(failure())


def test_what_moves_on_may_fail_for_ever() -> None:
    """A little wait each time."""
    sleeps = Sleeps()
    patience = sleeps.patience(2)
    for _ in range(50):
        patience.wait(failure())
        patience.wait(failure(), has_moved=True)
    assert set(sleeps.all) == {FIRST_S, AFTER_PROGRESS_S}


def test_it_waits_as_long_as_the_hub_says() -> None:
    """Never less; chance may add to a short one."""
    sleeps = Sleeps()
    sleeps.patience(3).wait(failure(7))
    assert sleeps.all == [7]


def test_a_hub_that_wants_much_time_is_told_of_at_once() -> None:
    """With the time that it wants."""
    sleeps = Sleeps()
    error = RateLimitError("slow down", retry_after_s=MOST_RETRY_AFTER_S + 1)
    with pytest.raises(RateLimitError) as caught:
        sleeps.patience(3).wait(TemporaryError(error))
    assert (caught.value.retry_after_s, sleeps.all) == (MOST_RETRY_AFTER_S + 1, [])
