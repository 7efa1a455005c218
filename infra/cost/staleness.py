"""How old prices may be: a warning after some weeks, a failure after some months, as the stack's settings say."""

from __future__ import annotations

from dataclasses import dataclass

from infra.cost.report import Gate, Prices
from infra.cost.settings import OWN_MACHINES, CostSettings


@dataclass(frozen=True, slots=True)
class Staleness:
    """The verdict; the message is empty where prices are young enough."""

    gate: Gate
    message: str = ""


def staleness(prices: Prices, settings: CostSettings) -> Staleness:
    """Prices of own machines do not age."""
    if settings.provider == OWN_MACHINES or prices.age_days <= settings.stale_warning_days:
        return Staleness(Gate.PASS)
    old = f"the prices are of {prices.date}, {prices.age_days} days old"
    if prices.age_days <= settings.stale_failure_days:
        return Staleness(Gate.WARNING, f"{old}: `make prices` takes newer ones, if there are any")
    allowed = f"allowed are {settings.stale_failure_days} (assumptions.stale_failure_days)"
    return Staleness(Gate.EXCEEDED, f"{old}; {allowed}: `make prices` takes newer ones, if there are any")
