"""How `slipway:cost` is written: keys, types and ranges. Says nothing about which machines there are.

Numbers are whole, or decimal text such as "0.35". What YAML has read as a float counts by its text: 0.35 is 35/100.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from infra.cost.settings import OWN_MACHINES, SharedCosts
from infra.fields import Bytes, Cpu, Text

CURRENCY = re.compile(r"[A-Z]{3}")


def _number(value: Any) -> Fraction:
    allowed = 'allowed: a number of 0 or more, such as 2 or "0.35"'
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(allowed)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(allowed) from None
    if not number.is_finite() or number < 0 or abs(number.adjusted()) > 15:
        raise ValueError(allowed)
    return Fraction(number)


def _share(value: Any) -> Fraction:
    try:
        share = _number(value)
    except ValueError:
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise ValueError('allowed: a share of 0 to 1, such as "0.35"')
    return share


def _target(value: Any) -> Fraction:
    share = _share(value)
    if not share:
        raise ValueError('allowed: a share above 0, at most 1, such as "0.8"')
    return share


def _time_zone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (TypeError, ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("allowed: a name of the time zone database such as Europe/Berlin") from None


def _rate(value: Any) -> Fraction:
    rate = _number(value)
    if not rate:
        raise ValueError("allowed: more than 0")
    return rate


def _currency(value: Any) -> str:
    if not isinstance(value, str) or not CURRENCY.fullmatch(value):
        raise ValueError("allowed: three capital letters such as EUR")
    return value


Number = Annotated[Fraction, BeforeValidator(_number)]
Share = Annotated[Fraction, BeforeValidator(_share)]
Rate = Annotated[Fraction, BeforeValidator(_rate)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Group(BaseModel):
    """Refuses keys that it does not have."""

    model_config = ConfigDict(extra="forbid", strict=True, arbitrary_types_allowed=True)


class TaintEntry(Group):
    """A taint of all nodes of a pool."""

    key: Text
    value: str = ""
    effect: Literal["NoSchedule", "NoExecute", "PreferNoSchedule"]


class MachineEntry(Group):
    """An own machine. `gpu` is its label nvidia.com/gpu.product."""

    cpu: Cpu
    memory: Bytes
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    gpu: Text | None = None
    max_pods: Annotated[int, Field(ge=1, le=1000)] = 110


class PoolEntry(Group):
    """Nodes that the cluster may add."""

    name: Text
    types: Annotated[list[Text], Field(min_length=1)]
    capacity: Literal["on-demand", "spot"] = "on-demand"
    zones: Annotated[list[Text], Field(min_length=1)] | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    taints: list[TaintEntry] | None = None
    min_nodes: Count = 0
    max_nodes: Count | None = None


class TrafficEntry(Group):
    """What a model is asked for."""

    peak_tokens_s: Number
    utilisation: Share | None = None
    target: Annotated[Fraction, BeforeValidator(_target)] | None = None


class DiscountEntry(Group):
    """What the contract takes off the list price."""

    compute: Percent = 0
    storage: Percent = 0
    network: Percent = 0


class BudgetEntry(Group):
    """Limits a month."""

    typical: Count | None = None
    high: Count | None = None
    per_model: dict[str, Count] = Field(default_factory=dict)
    per_million_tokens: dict[str, Number] = Field(default_factory=dict)
    warn_percent: Percent | None = None
    critical_percent: Percent | None = None


class AssumptionEntry(Group):
    """What is taken where nothing is known."""

    working_time_load: Share | None = None
    other_time_load: Share | None = None
    spot_share: dict[str, Share] | None = None
    spot_fallback: Share | None = None
    reclaims_per_month: Number | None = None
    scale_ups_per_day: Number | None = None
    releases_per_month: Number | None = None
    image_bytes: Bytes | None = None
    egress_gb: Count | None = None
    num_nat_gateways: Count | None = None
    shared_costs: Annotated[SharedCosts, Field(strict=False)] | None = None
    time_zone: Annotated[str, BeforeValidator(_time_zone)] | None = None
    stale_warning_days: Count | None = None
    stale_failure_days: Count | None = None


class CostEntry(Group):
    """All of `slipway:cost`."""

    provider: Literal["aws", "azure", "gcp", "none"]
    region: Text = OWN_MACHINES
    pools: list[PoolEntry] = Field(default_factory=list)
    machines: dict[str, MachineEntry] = Field(default_factory=dict)
    currency: Annotated[str, BeforeValidator(_currency)] = "USD"
    exchange_rate: Rate = Fraction(1)
    control_plane: bool = True
    storage_kinds: dict[str, Text] = Field(default_factory=dict)
    discounts_percent: DiscountEntry = DiscountEntry()
    overrides: dict[str, Number] = Field(default_factory=dict)
    traffic: dict[str, TrafficEntry] = Field(default_factory=dict)
    budgets: BudgetEntry = BudgetEntry()
    assumptions: AssumptionEntry = AssumptionEntry()
