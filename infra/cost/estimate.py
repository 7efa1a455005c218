"""Demand + prices -> Estimate: every line of a month, low, typical and high.

Nodes come from packing the replicas of each piece of the week; storage, load balancers, the control plane and the
network are paid all month, whatever a schedule says.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from infra.cost.fixed_lines import fixed_lines
from infra.cost.market import Market, Packer
from infra.cost.money import Range
from infra.cost.months import Months, months
from infra.cost.node_costs import Owner
from infra.cost.pod_lines import pod_lines
from infra.cost.scenarios import Scenario, spot_share
from infra.cost.shared import split
from infra.cost.types import Capacity, Confidence, Demand, Estimate, Line, Unpriced


def total(demand: Demand, market: Market) -> Estimate:
    """The estimate alone: what a change or a what-if needs."""
    packer = Packer(demand, market)
    return estimate(demand, market, months(demand, market, packer), packer)


def estimate(demand: Demand, market: Market, all_months: Months, packer: Packer) -> Estimate:
    """The lines of all three scenarios side by side."""
    entries: list[Line | Unpriced] = [
        *_node_lines(market, all_months),
        *pod_lines(demand, market, all_months, packer.offers),
        *fixed_lines(demand, market, all_months),
    ]
    lines = [entry for entry in entries if isinstance(entry, Line)]
    without = [entry for entry in entries if isinstance(entry, Unpriced)]
    unpriced = (*demand.unpriced, *_unpriced_nodes(all_months), *dict.fromkeys(without))
    return Estimate(tuple(split(lines, market.settings.shared_costs)), unpriced)


def node_cents(all_months: Months, scenario: Scenario) -> int:
    """What of a month's total is for nodes."""
    return sum(all_months[scenario].costs.cents.values())


def _node_lines(market: Market, all_months: Months) -> Iterator[Line]:
    costs = [all_months[scenario].costs for scenario in Scenario]
    owners = dict.fromkeys(owner for each in costs for owner in each.cents)
    known = {key: _how(market, *key) for key in dict.fromkeys((owner.pool, owner.type) for owner in owners)}
    prices = {key: price for each in reversed(costs) for key, price in each.prices.items()} | costs[1].prices
    for owner in owners:
        cost = Range(*(each.cents.get(owner, 0) for each in costs))
        confidence, driver = known[owner.pool, owner.type]
        price = prices[owner.pool, owner.type]
        yield _node_line(owner, cost, price, confidence, driver)


def _node_line(owner: Owner, cost: Range, price: Fraction, confidence: Confidence, driver: str) -> Line:
    """The quantity is what of the nodes' hours this owner pays."""
    return Line(
        kind=owner.kind,
        name=f"{owner.type} in {owner.pool}",
        cost=cost,
        unit="node hours",
        quantity=Fraction(cost.typical_cents, 100) / price if price else Fraction(0),
        price=price,
        confidence=confidence,
        driver=driver,
        namespace=owner.namespace,
        model=owner.model,
        workload=owner.workload,
    )


def _how(market: Market, pool_name: str, type_name: str) -> tuple[Confidence, str]:
    """How the price of a kind of node is known, and what moves its cost."""
    pool = next(each for each in market.settings.pools if each.name == pool_name)
    node = next(each for each in pool.types if each.name == type_name)
    share = spot_share(pool, market.settings)
    price = market.prices.machine(node, Capacity.SPOT if share else Capacity.ON_DEMAND)
    price = price or market.prices.machine(node, Capacity.ON_DEMAND)
    return price.confidence if price else Confidence.ASSUMED, "spot price" if share else "replicas"


def _unpriced_nodes(all_months: Months) -> Iterator[Unpriced]:
    kinds = {key for each in all_months.values() for key in each.costs.without_price}
    for pool, node in sorted(kinds):
        yield Unpriced(f"nodes {node} in pool {pool}", "the price book has no price for it in this region")
