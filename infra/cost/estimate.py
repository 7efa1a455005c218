"""Demand + prices -> Estimate: every line of a month, low, typical and high.

Nodes come from packing the replicas of each piece of the week; storage, load balancers, the control plane and the
network are paid all month, whatever a schedule says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from infra.cost.book import Price, Prices
from infra.cost.hours import Piece, pieces
from infra.cost.money import HOURS_PER_MONTH, Range, to_cents
from infra.cost.node_costs import NodeCosts, Owner, node_costs
from infra.cost.packing import pack
from infra.cost.scenarios import Scenario, Throughput, hour_price, replicas
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, Confidence, Demand, Estimate, Kind, Line, Packing, Unpriced
from infra.units import GI


@dataclass(frozen=True, slots=True)
class Market:
    """What the estimate takes from outside the stack: settings, prices, and what models yield."""

    settings: CostSettings
    prices: Prices
    throughput: Mapping[str, Throughput]


@dataclass(frozen=True, slots=True)
class Month:
    """One scenario: the week's pieces, what runs in each, on which nodes, at what cost."""

    scenario: Scenario
    pieces: tuple[Piece, ...]
    replicas: tuple[tuple[int, ...], ...]
    packings: tuple[Packing, ...]
    costs: NodeCosts


class Packer:
    """Packs each combination of replicas once: pieces and scenarios repeat them."""

    def __init__(self, demand: Demand, market: Market) -> None:
        self._demand = demand
        self._market = market
        self._known: dict[tuple[int, ...], Packing] = {}

    def pack(self, counts: tuple[int, ...]) -> Packing:
        """`counts` in the order of the demand's workloads. Nodes are chosen by their typical price."""
        if counts not in self._known:
            settings, prices = self._market.settings, self._market.prices
            self._known[counts] = pack(
                list(zip(self._demand.workloads, counts, strict=True)),
                settings.pools,
                lambda pool, node: hour_price(Scenario.TYPICAL, pool, node, prices, settings),
                self._demand.daemons,
            )
        return self._known[counts]


def month(scenario: Scenario, demand: Demand, market: Market, packer: Packer) -> Month:
    """One scenario."""
    week = tuple(pieces(demand.workloads))
    counts = tuple(replicas(scenario, demand.workloads, piece, market.settings, market.throughput) for piece in week)
    packings = tuple(packer.pack(each) for each in counts)
    costs = node_costs(
        [(piece.hours_per_month, packing) for piece, packing in zip(week, packings, strict=True)],
        lambda pool, node: hour_price(scenario, pool, node, market.prices, market.settings),
    )
    return Month(scenario, week, counts, packings, costs)


def months(demand: Demand, market: Market, packer: Packer) -> dict[Scenario, Month]:
    """All three."""
    return {scenario: month(scenario, demand, market, packer) for scenario in Scenario}


def estimate(demand: Demand, market: Market, all_months: Mapping[Scenario, Month]) -> Estimate:
    """The lines of all three scenarios side by side."""
    lines, unpriced = [*_node_lines(market, all_months)], [*demand.unpriced, *_unpriced_nodes(all_months)]
    for entry in _other_lines(demand, market):
        if isinstance(entry, Line):
            lines.append(entry)
        else:
            unpriced.append(entry)
    return Estimate(tuple(lines), tuple(unpriced))


def _node_lines(market: Market, all_months: Mapping[Scenario, Month]) -> Iterator[Line]:
    owners = list(dict.fromkeys(owner for each in all_months.values() for owner in each.costs.cents))
    typical = all_months[Scenario.TYPICAL].costs
    spot_pools = {pool.name for pool in market.settings.pools if pool.capacity is Capacity.SPOT}
    for owner in owners:
        low, mid, high = (all_months[each].costs.cents.get(owner, 0) for each in Scenario)
        key = (owner.pool, owner.type)
        is_spot = owner.pool in spot_pools
        yield Line(
            kind=owner.kind,
            name=f"{owner.type} in {owner.pool}",
            cost=Range(low, mid, high),
            unit="hours",
            quantity=typical.node_hours.get(key, Fraction(0)),
            price=typical.prices.get(key, Fraction(0)),
            confidence=_confidence(market, owner, is_spot=is_spot),
            driver="spot price" if is_spot else "replicas",
            namespace=owner.namespace,
            model=owner.model,
            note=owner.workload,
        )


def _confidence(market: Market, owner: Owner, *, is_spot: bool) -> Confidence:
    node = next(
        t for pool in market.settings.pools if pool.name == owner.pool for t in pool.types if t.name == owner.type
    )
    price = market.prices.machine(node, Capacity.SPOT if is_spot else Capacity.ON_DEMAND)
    return price.confidence if price else Confidence.ASSUMED


def _unpriced_nodes(all_months: Mapping[Scenario, Month]) -> Iterator[Unpriced]:
    kinds = {key for each in all_months.values() for key in each.costs.without_price}
    for pool, node in sorted(kinds):
        yield Unpriced(f"nodes {node} in pool {pool}", "the price book has no price for it in this region")


def _other_lines(demand: Demand, market: Market) -> Iterator[Line | Unpriced]:
    prices, settings = market.prices, market.settings
    for volume in demand.volumes:
        amount = Fraction(volume.size_bytes * volume.count, GI)
        name = f"{volume.namespace}/{volume.name}"
        yield _line(
            Kind.STORAGE, name, "GiB-months", amount, prices.storage(volume.storage_class), "size",
            f"storage class {volume.storage_class} has no price", volume.namespace, volume.model,
        )  # fmt: skip
    for balancer in demand.load_balancers:
        name = f"{balancer.namespace}/{balancer.name}"
        yield _line(
            Kind.LOAD_BALANCER, name, "hours", Fraction(HOURS_PER_MONTH), prices.load_balancer(), "number",
            "load balancers have no price", balancer.namespace, balancer.model,
        )  # fmt: skip
    if settings.has_control_plane:
        hours = Fraction(HOURS_PER_MONTH)
        yield _line(
            Kind.CONTROL_PLANE, "control plane", "hours", hours, prices.control_plane(), "", "it has no price"
        )  # fmt: skip
    if settings.egress_gb:
        gigabytes = Fraction(settings.egress_gb)
        yield _line(
            Kind.NETWORK, "egress to the internet", "GB", gigabytes, prices.egress(), "traffic", "it has no price"
        )  # fmt: skip


def _line(
    kind: Kind,
    name: str,
    unit: str,
    quantity: Fraction,
    price: Price | None,
    driver: str,
    missing: str,
    namespace: str = "",
    model: str | None = None,
) -> Line | Unpriced:
    if price is None:
        return Unpriced(f"{kind} {name}", missing)
    cost = Range(*(to_cents(quantity * each) for each in (price.low, price.typical, price.high)))
    return Line(kind, name, cost, unit, quantity, price.typical, price.confidence, driver, namespace, model, price.note)
