"""Demand + prices -> Estimate: every line of a month, low, typical and high.

Nodes come from packing the replicas of each piece of the week; storage, load balancers, the control plane and the
network are paid all month, whatever a schedule says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from infra.cost import shares
from infra.cost.book import ApiPrice, Price, Prices
from infra.cost.hours import Piece, pieces
from infra.cost.money import HOURS_PER_MONTH, Range, to_cents
from infra.cost.node_costs import HourPrice, NodeCosts, Owner, node_costs
from infra.cost.packing import pack
from infra.cost.scenarios import Scenario, Throughput, hour_price, replicas
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, Confidence, Demand, Estimate, Kind, Line, NodeType, Packing, Pool, Unpriced
from infra.units import GI


@dataclass(frozen=True, slots=True)
class Market:
    """What the estimate takes from outside the stack: settings, prices, what models yield, and what APIs ask."""

    settings: CostSettings
    prices: Prices
    throughput: Mapping[str, Throughput] = field(default_factory=dict)  # by model
    api_prices: Mapping[str, ApiPrice] = field(default_factory=dict)  # by model: the nearest hosted one


@dataclass(frozen=True, slots=True)
class Month:
    """One scenario: the week's pieces, what runs in each, on which nodes, at what cost."""

    scenario: Scenario
    pieces: tuple[Piece, ...]
    replicas: tuple[tuple[int, ...], ...]
    packings: tuple[Packing, ...]
    costs: NodeCosts


def typical_price(market: Market) -> HourPrice:
    """By which nodes are chosen."""
    known: dict[tuple[str, str], Fraction | None] = {}

    def price(pool: Pool, node: NodeType) -> Fraction | None:
        key = (pool.name, node.name)
        if key not in known:
            known[key] = hour_price(Scenario.TYPICAL, pool, node, market.prices, market.settings)
        return known[key]

    return price


class Packer:
    """Packs each combination of replicas once: pieces and scenarios repeat them."""

    def __init__(self, demand: Demand, market: Market) -> None:
        self._demand = demand
        self._market = market
        self._known: dict[tuple[int, ...], Packing] = {}

    def pack(self, counts: tuple[int, ...]) -> Packing:
        """`counts` in the order of the demand's workloads. Nodes are chosen by their typical price."""
        if counts not in self._known:
            replicas_of = list(zip(self._demand.workloads, counts, strict=True))
            price = typical_price(self._market)
            self._known[counts] = pack(replicas_of, self._market.settings.pools, price, self._demand.daemons)
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
    for entry in (*_job_lines(demand, market), *_other_lines(demand, market)):
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
        paid = _Paid(Kind.STORAGE, f"{volume.namespace}/{volume.name}", "GiB-months", amount, "size")
        price = prices.storage(volume.storage_class)
        reason = f"storage class {volume.storage_class!r} has no price"
        yield _line(paid, price, reason, volume.namespace, volume.model)
    for balancer in demand.load_balancers:
        name = f"{balancer.namespace}/{balancer.name}" if balancer.namespace else balancer.name
        paid = _Paid(Kind.LOAD_BALANCER, name, "hours", Fraction(HOURS_PER_MONTH), "number")
        yield _line(paid, prices.load_balancer(), "load balancers have no price", balancer.namespace, balancer.model)
    if settings.has_control_plane:
        paid = _Paid(Kind.CONTROL_PLANE, "control plane", "hours", Fraction(HOURS_PER_MONTH), "")
        yield _line(paid, prices.control_plane(), "control planes have no price")
    if settings.egress_gb:
        paid = _Paid(Kind.NETWORK, "egress to the internet", "GB", Fraction(settings.egress_gb), "traffic")
        yield _line(paid, prices.egress(), "egress has no price")


def _job_lines(demand: Demand, market: Market) -> Iterator[Line | Unpriced]:
    """A job pays its share of the cheapest node that it fits on, for as long as it may run."""
    for job in demand.jobs:
        nodes = pack([(job, 1)], market.settings.pools, typical_price(market), demand.daemons).nodes
        used = next((node for node in nodes if node.pods), None)
        price = typical_price(market)(used.pool, used.type) if used else None
        if used is None or price is None:
            yield Unpriced(f"{job.kind} {job.id}", "it fits on no node that has a price")
            continue
        amount = (job.hours_per_month or Fraction(0)) * job.max_replicas
        hour = shares.share(job.shape.requests, used.type, price).whole
        paid = _Paid(Kind.CPU_MEMORY, f"{job.kind} {job.id}", "hours", amount, "runs")
        book_price = Price(Fraction(0), hour, hour, Confidence.ASSUMED, "", "at most: until its deadline")
        yield _line(paid, book_price, "", job.namespace, job.model)


@dataclass(frozen=True, slots=True)
class _Paid:
    """What a line pays for, and how much of it a month."""

    kind: Kind
    name: str
    unit: str
    quantity: Fraction
    driver: str


def _line(
    paid: _Paid, price: Price | None, missing: str, namespace: str = "", model: str | None = None
) -> Line | Unpriced:
    if price is None:
        return Unpriced(f"{paid.kind} {paid.name}", missing)
    cost = Range(*(to_cents(paid.quantity * each) for each in (price.low, price.typical, price.high)))
    return Line(
        kind=paid.kind,
        name=paid.name,
        cost=cost,
        unit=paid.unit,
        quantity=paid.quantity,
        price=price.typical,
        confidence=price.confidence,
        driver=paid.driver,
        namespace=namespace,
        model=model,
        note=price.note,
    )
