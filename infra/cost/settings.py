"""What a stack says about money: where it runs, on which nodes, with what traffic, and how much it may cost.

Plain values; `parse` of the stack file's `slipway:cost` is in settings_file.py. All defaults are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from infra.cost.types import Pool

OWN_MACHINES = "none"
"""The provider of who pays for no machine by the hour: nothing costs anything, but what overrides say."""


class SharedCosts(StrEnum):
    """How what nobody owns (control plane, NAT, empty nodes) is divided between models, in the words of OpenCost."""

    NONE = "none"  # it stays a row of its own
    UNIFORM = "uniform"
    WEIGHTED = "weighted"  # by what they cost


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a model is asked for at its peak: tokens that it reads and writes a second, over all replicas."""

    peak_tokens_s: Fraction
    utilisation: Fraction = Fraction(45, 100)  # mean over working time by the peak
    target: Fraction = Fraction(80, 100)  # how busy the autoscaler lets replicas become before it adds one


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits a month, in whole currency units; None: no limit."""

    typical: int | None = None
    high: int | None = None
    per_model: Mapping[str, int] = field(default_factory=dict)
    per_million_tokens: Mapping[str, Fraction] = field(default_factory=dict)
    warn_percent: int = 80
    critical_percent: int = 95


@dataclass(frozen=True, slots=True)
class CostSettings:
    """See docs/cost.md for what each one does."""

    provider: str
    region: str
    pools: tuple[Pool, ...]
    currency: str = "USD"
    exchange_rate: Fraction = Fraction(1)  # of the currency for a dollar
    has_control_plane: bool = True
    storage_kinds: Mapping[str, str] = field(default_factory=dict)  # class of the cluster -> the provider's kind
    discounts_percent: Mapping[str, int] = field(default_factory=dict)  # by "compute", "storage", "network"
    overrides: Mapping[str, Fraction] = field(default_factory=dict)  # machine -> an hour on demand, in the currency
    traffic: Mapping[str, Traffic] = field(default_factory=dict)  # by model
    budgets: Budgets = Budgets()
    # What is assumed where nothing is known
    working_time_load: Fraction = Fraction(35, 100)  # how far between least and most replicas, 8 to 20 on workdays
    other_time_load: Fraction = Fraction(10, 100)
    spot_share: Mapping[str, Fraction] = field(default_factory=dict)  # by pool: of its nodes; all of a spot pool's
    spot_fallback: Fraction = Fraction(10, 100)  # share of the time in which spot is not to be had
    reclaims_per_month: Fraction = Fraction(11, 100)  # of one spot node: -ln(1 - p) for p = 10 % a month
    scale_ups_per_day: Fraction = Fraction(2)  # of a workload whose replicas vary, besides those of its schedule
    releases_per_month: Fraction = Fraction(4)  # each one starts every pod anew
    image_bytes: int = 8 * 10**9  # of a model server's image, compressed, as a node pulls it
    egress_gb: int = 0  # besides what traffic makes
    num_nat_gateways: int = 0
    shared_costs: SharedCosts = SharedCosts.NONE
    time_zone: str = "UTC"  # of working time, and of schedules that name none
    stale_warning_days: int = 45
    stale_failure_days: int = 120
