"""Dollars per million tokens before anything runs, on the two bases that OpenCost reports afterwards.

    usage       bill / what the replicas could yield if they were busy all the time: compares hardware
    allocation  bill / what is really asked for: compares with hosted APIs, and only this one may be
    utilisation = usage / allocation

Source: OpenCost's inference cost metrics; llm-d docs/proposals/inference-costs.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from infra.cost import models
from infra.cost.book import ApiPrice
from infra.cost.estimate import Market, Month
from infra.cost.money import HOURS_PER_MONTH
from infra.cost.report import TokenCost
from infra.cost.settings import Traffic
from infra.cost.types import Demand, Estimate, Workload

MILLION = 10**6
HOUR_S = 3600


def costs(demand: Demand, typical: Month, estimate: Estimate, market: Market) -> Mapping[str, TokenCost]:
    """By model; none for a model whose throughput is not known."""
    found: dict[str, TokenCost] = {}
    lines = models.by_name(estimate)
    for name in dict.fromkeys(workload.model for workload in demand.workloads if workload.model):
        known = market.throughput.get(name)
        hours = replica_hours([w for w in demand.workloads if w.model == name], demand, typical)
        bill = Fraction(sum(line.cost.typical_cents for line in lines.get(name, [])), 100)
        if known is None or not known.tokens_s or not hours or not bill:
            continue
        possible = hours * known.tokens_s * HOUR_S
        served = min(_served(market.settings.traffic.get(name), possible), possible)
        api = market.api_prices.get(name)
        found[name] = TokenCost(
            allocation=bill / served * MILLION,
            usage=bill / possible * MILLION,
            tokens_s=known.tokens_s,
            utilisation=served / possible,
            source=known.source,
            is_measured=known.is_measured,
            api_name=api.name if api else None,
            api_price=api.per_million if api else None,
            break_even_tokens=break_even(bill, api) if api else None,
        )
    return found


def break_even(bill: Fraction, api: ApiPrice) -> int | None:
    """Tokens a month at which the API costs as much as this bill; None for an API that costs nothing."""
    if not api.per_million:
        return None
    tokens = bill / api.per_million * MILLION
    return -(-tokens.numerator // tokens.denominator)


def replica_hours(workloads: list[Workload], demand: Demand, typical: Month) -> Fraction:
    """In a typical month."""
    indices = [index for index, workload in enumerate(demand.workloads) if workload in workloads]
    return sum(
        (
            piece.hours_per_month * sum(counts[index] for index in indices)
            for piece, counts in zip(typical.pieces, typical.replicas, strict=True)
        ),
        start=Fraction(0),
    )


def _served(traffic: Traffic | None, possible: Fraction) -> Fraction:
    """What is asked for in a month; without known traffic the share that servers usually are busy."""
    if traffic is None:
        return possible * Traffic(Fraction(0)).utilisation
    return traffic.peak_tokens_s * traffic.utilisation * HOURS_PER_MONTH * HOUR_S
