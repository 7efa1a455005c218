"""How old prices may be."""

import datetime
from dataclasses import replace

import pytest

from infra.cost.report import Gate, Prices
from infra.cost.settings import CostSettings
from infra.cost.staleness import staleness

SETTINGS = CostSettings("aws", "us-east-1", ())


def prices(age_days: int) -> Prices:
    """Of a book of that age."""
    return Prices("v", "hash", datetime.date(2026, 7, 20), age_days, ())


@pytest.mark.parametrize(
    ("age_days", "gate"),
    [(0, Gate.PASS), (45, Gate.PASS), (46, Gate.WARNING), (120, Gate.WARNING), (121, Gate.EXCEEDED)],
)
def test_the_verdict_changes_after_45_and_after_120_days(age_days: int, gate: Gate) -> None:
    """The limits themselves are still allowed; only a passing book has nothing to say."""
    verdict = staleness(prices(age_days), SETTINGS)
    assert verdict.gate is gate
    assert (f"{age_days} days old" in verdict.message) == (gate is not Gate.PASS)


def test_the_limits_are_the_stacks() -> None:
    """The message of a failure names the setting."""
    strict = replace(SETTINGS, stale_warning_days=1, stale_failure_days=2)
    assert staleness(prices(2), strict).gate is Gate.WARNING
    assert "assumptions.stale_failure_days" in staleness(prices(3), strict).message


def test_own_machines_have_no_prices_that_age() -> None:
    """Nothing is taken from the book."""
    assert staleness(prices(999), replace(SETTINGS, provider="none")).gate is Gate.PASS
