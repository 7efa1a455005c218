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
from infra.cost.market import Market
from infra.cost.months import Month
from infra.cost.pod_lines import served_tokens
from infra.cost.report import TokenCost
from infra.cost.settings import Traffic
from infra.cost.types import Demand, Estimate

MILLION = 10**6
HOUR_S = 3600


def costs(demand: Demand, typical: Month, estimate: Estimate, market: Market) -> Mapping[str, TokenCost]:
    """By model; none for a model whose throughput is not known."""
    found: dict[str, TokenCost] = {}
    lines = models.by_name(estimate)
    for name, hours in replica_hours(demand, typical).items():
        known = market.throughput.get(name)
        bill = Fraction(sum(line.cost.typical_cents for line in lines.get(name, [])), 100)
        if known is None or not known.tokens_s or not hours or not bill:
            continue
        possible = hours * known.tokens_s * HOUR_S
        served = _served(name, typical, market, possible)
        if not served:
            continue
        api = market.api_prices.get(name)
        found[name] = TokenCost(
            allocation=per_million(bill, served),
            usage=per_million(bill, possible),
            tokens_s=known.tokens_s,
            utilisation=served / possible,
            source=known.source,
            is_measured=known.is_measured,
            api_name=api.name if api else None,
            api_price=api.per_million if api else None,
            break_even_tokens=break_even(bill, api) if api else None,
        )
    return found


def per_million(bill: Fraction, tokens: Fraction) -> Fraction:
    """Dollars per million tokens."""
    return bill / tokens * MILLION


def break_even(bill: Fraction, api: ApiPrice) -> int | None:
    """Tokens a month at which the API costs as much as this bill; None for an API that costs nothing."""
    if not api.per_million:
        return None
    tokens = bill / api.per_million * MILLION
    return -(-tokens.numerator // tokens.denominator)


def replica_hours(demand: Demand, typical: Month) -> Mapping[str, Fraction]:
    """Of each model in a typical month."""
    places: dict[str, list[int]] = {}
    for index, workload in enumerate(demand.workloads):
        if workload.model:
            places.setdefault(workload.model, []).append(index)
    return {
        model: sum(
            (
                piece.hours_per_month * sum(counts[index] for index in indices)
                for piece, counts in zip(typical.pieces, typical.replicas, strict=True)
            ),
            start=Fraction(0),
        )
        for model, indices in places.items()
    }


def _served(model: str, typical: Month, market: Market, possible: Fraction) -> Fraction:
    """What is asked for in a month, at most what can be served; without known traffic the share that is usual."""
    if model in market.settings.traffic:
        return min(served_tokens(model, typical, market), possible)
    return possible * Traffic(Fraction(0)).utilisation
