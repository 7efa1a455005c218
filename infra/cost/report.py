"""All that a report shows, as one value: `analyse.py` makes it, `reports/` and the budget policy only read it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from infra.cost.money import Range
from infra.cost.types import Estimate, Kind, Unpriced, Workload


@dataclass(frozen=True, slots=True)
class ModelCost:
    """One row of the table by model; `name` is the workload's id for what serves no model, "shared" for the rest."""

    name: str
    gpu: str  # "1 x NVIDIA-A10G", empty without
    replicas: tuple[int, int, int]  # least, typical, most
    spot_percent: int
    by_kind: Mapping[Kind, Range]
    cost: Range
    before: Range | None  # None: it is new
    tokens: TokenCost | None = None


@dataclass(frozen=True, slots=True)
class TokenCost:
    """Dollars per million tokens on OpenCost's two bases; None where no throughput is known."""

    allocation: Fraction  # the bill by the tokens that are served: what compares with hosted APIs
    usage: Fraction  # were it busy all the time: what compares hardware
    tokens_s: Fraction  # of one replica, with all its slots busy
    utilisation: Fraction
    source: str
    is_measured: bool
    api_name: str | None = None  # the nearest hosted model
    api_price: Fraction | None = None  # dollars per million tokens there
    break_even_tokens: int | None = None  # a month, from which on this is cheaper than the API


@dataclass(frozen=True, slots=True)
class Change:
    """Why the cost changed: one field of one object, in money; the changes add up to the difference."""

    subject: str
    field: str
    before: str
    after: str
    cost: Range


@dataclass(frozen=True, slots=True)
class NodeUse:
    """Nodes of one pool and type in the typical state, and what of them nobody uses."""

    pool: str
    type: str
    capacity: str
    count: tuple[int, int, int]  # low, typical, high
    price_hour: Fraction | None
    idle_cents: int  # a month, typical
    idle_percent: int
    caused_by: str  # the workload whose size leaves the most of it over, with what is left over
    hint: str = ""  # the cheapest type that fits the same pods, if another one does


@dataclass(frozen=True, slots=True)
class IdleNode:
    """Nodes of one kind with the same pods on them, in the typical month."""

    pool: str
    type: str
    count: int  # the most at once
    pods: str  # "2 x slipway/legal"
    left_over: str  # what pods could still reserve on one of them
    idle_cents: int  # a month, all of them
    idle_percent: int


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Replicas of one workload that load before they serve, in a typical month."""

    workload: str
    events: Fraction
    load_s: int
    minutes: Fraction  # paid, and not serving


@dataclass(frozen=True, slots=True)
class Step:
    """The replica count of a workload, all others being typical, at which the next node is bought."""

    workload: str
    replicas: int
    num_nodes: int
    cost_cents: int


@dataclass(frozen=True, slots=True)
class Curve:
    """What all nodes cost a month by the replicas of one workload, all others being typical."""

    workload: str
    points: tuple[tuple[int, int, int], ...]  # replicas, nodes, cents a month


@dataclass(frozen=True, slots=True)
class Driver:
    """One input and how far the total moves when it alone goes from its low to its high."""

    name: str
    low_cents: int
    high_cents: int


@dataclass(frozen=True, slots=True)
class SpotRisk:
    """What spot really means for one workload."""

    workload: str
    share_percent: int
    fallback_percent: int
    price_low: Fraction  # dollars an hour of a node, over zones
    price_high: Fraction
    reclaim_minutes: Fraction  # expected a month, without service
    note: str


class Gate(StrEnum):
    """The verdict of the budgets, which is the exit code: 0 to 3."""

    PASS = "pass"  # noqa: S105  not a password
    WARNING = "warning"
    CRITICAL = "critical"
    EXCEEDED = "exceeded"


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit and how it stands."""

    name: str  # "stack, typical", "llama-3-70b, max", "gpt-oss, per 1M tokens"
    limit_cents: int
    actual_cents: int
    gate: Gate
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """What decides about the gate besides budgets and prices: whether the source is whole."""

    name: str
    gate: Gate
    message: str


@dataclass(frozen=True, slots=True)
class Prices:
    """Where the prices are from."""

    version: str
    sha256: str
    date: datetime.date
    age_days: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One stack."""

    stack: str
    currency: str
    before: Estimate | None  # None: nothing is deployed, or the source does not tell
    after: Estimate
    models: tuple[ModelCost, ...]
    nodes: tuple[NodeUse, ...]
    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    drivers: tuple[Driver, ...]
    spot: tuple[SpotRisk, ...]
    week_cents: tuple[Mapping[Kind, int], ...]  # of each of the 168 hours, from Monday 00:00, typical
    schedule_saving_cents: int  # a month, against no schedule
    budgets: tuple[Budget, ...]
    prices: Prices
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    unplaced: tuple[tuple[Workload, int, str], ...]
    curves: tuple[Curve, ...] = ()
    price_gate: Gate = Gate.PASS  # the verdict on the age of the prices
    checks: tuple[Check, ...] = ()  # of the source
    idle: tuple[IdleNode, ...] = ()  # those that waste the most
    cold_starts: tuple[ColdStart, ...] = ()

    @property
    def unpriced(self) -> tuple[Unpriced, ...]:
        """What is not in the total."""
        return self.after.unpriced

    @property
    def gate(self) -> Gate:
        """The worst of budgets, prices' age and source; at least a warning where the total is known to be wrong."""
        order = list(Gate)
        is_wrong = any(each.is_total_wrong for each in self.unpriced) or bool(self.unplaced)
        gates = [*(budget.gate for budget in self.budgets), *(check.gate for check in self.checks)]
        return max(*gates, self.price_gate, Gate.WARNING if is_wrong else Gate.PASS, key=order.index)
