"""Nodes as a report shows them: how many of each kind, what of them is idle and why, and what each hour costs."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from infra.cost import shares
from infra.cost.estimate import Market, Month
from infra.cost.money import HOURS_PER_MONTH, HOURS_PER_WEEK
from infra.cost.node_costs import node_costs
from infra.cost.report import NodeUse
from infra.cost.scenarios import Scenario, hour_price
from infra.cost.types import Estimate, Kind, Node, Resources
from infra.units import format_bytes, format_cpu

NODE_KINDS = (Kind.GPU, Kind.CPU_MEMORY, Kind.IDLE)


def uses(months: Mapping[Scenario, Month], market: Market) -> tuple[NodeUse, ...]:
    """By pool and type, in the order in which they are first bought."""
    kinds = dict.fromkeys(
        (node.pool.name, node.type.name) for month in months.values() for p in month.packings for node in p.nodes
    )
    return tuple(_use(pool, node, months, market) for pool, node in kinds)


def week(typical: Month, estimate: Estimate) -> tuple[Mapping[Kind, int], ...]:
    """Cents of each of the 168 hours by kind. Together, over 730 hours, they are the typical month but for rounding."""
    always = {
        kind: Fraction(sum(line.cost.typical_cents for line in estimate.lines if line.kind is kind), HOURS_PER_MONTH)
        for kind in Kind
        if kind not in NODE_KINDS
    }
    hours: list[Mapping[Kind, int]] = [{} for _ in range(HOURS_PER_WEEK)]
    for piece, packing in zip(typical.pieces, typical.packings, strict=True):
        costs = node_costs(
            [(Fraction(1), packing)], lambda pool, node: typical.costs.prices.get((pool.name, node.name))
        )
        by_kind = {kind: round(amount) for kind, amount in always.items() if amount}
        for owner, cents in costs.cents.items():
            by_kind[owner.kind] = by_kind.get(owner.kind, 0) + cents
        for hour in piece.hours:
            hours[hour] = by_kind
    return tuple(hours)


def _use(pool: str, node_type: str, months: Mapping[Scenario, Month], market: Market) -> NodeUse:
    """The number of nodes is the most that run at once in the scenario."""

    def nodes_of(scenario: Scenario) -> list[list[Node]]:
        return [
            [node for node in packing.nodes if (node.pool.name, node.type.name) == (pool, node_type)]
            for packing in months[scenario].packings
        ]

    least, usual, most = (max(map(len, nodes_of(scenario)), default=0) for scenario in Scenario)
    any_node = next(node for month in months.values() for p in month.packings for node in p.nodes
                    if (node.pool.name, node.type.name) == (pool, node_type))  # fmt: skip
    price = hour_price(Scenario.TYPICAL, any_node.pool, any_node.type, market.prices, market.settings)
    costs = months[Scenario.TYPICAL].costs.cents
    mine = {owner: cents for owner, cents in costs.items() if (owner.pool, owner.type) == (pool, node_type)}
    idle = sum(cents for owner, cents in mine.items() if owner.kind is Kind.IDLE)
    whole = sum(mine.values())
    busiest = max(nodes_of(Scenario.TYPICAL), key=len, default=[])
    return NodeUse(
        pool=pool,
        type=node_type,
        capacity=any_node.pool.capacity.value,
        count=(least, usual, most),
        price_hour=price,
        idle_cents=idle,
        idle_percent=round(100 * idle / whole) if whole else 0,
        caused_by=_cause(busiest),
    )


def _cause(nodes: list[Node]) -> str:
    """The node with the most left over, who is on it, and what is left."""
    if not nodes:
        return ""
    left = [(node, _left(node)) for node in nodes]
    node, rest = max(left, key=lambda entry: shares.share(entry[1], entry[0].type, Fraction(1)).whole)
    pods = ", ".join(f"{count} x {workload.id}" for workload, count in node.pods) or "no pod"
    gpus = f", {rest.gpus} GPUs" if node.type.gpus else ""
    return f"{pods}; left over: {format_cpu(rest.cpu_m)} CPU, {format_bytes(rest.memory_bytes // 2**20 * 2**20)}{gpus}"


def _left(node: Node) -> Resources:
    room = node.allocatable
    used = [(workload.shape.requests, count) for workload, count in node.pods]
    return Resources(
        room.cpu_m - sum(need.cpu_m * count for need, count in used),
        room.memory_bytes - sum(need.memory_bytes * count for need, count in used),
        room.gpus - sum(need.gpus * count for need, count in used),
    )
