"""Nodes as a report shows them: how many of each kind, what of them is idle and why, and what each hour costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from infra.cost import shares
from infra.cost.hints import hint
from infra.cost.market import HourPrices, Market, NodeKind
from infra.cost.money import HOURS_PER_MONTH, HOURS_PER_WEEK, to_cents
from infra.cost.months import Month, Months
from infra.cost.node_costs import alike, node_costs
from infra.cost.report import IdleNode, NodeUse
from infra.cost.scenarios import Scenario
from infra.cost.types import Estimate, Kind, Node, Packing, Resources, Workload
from infra.units import MI, format_bytes, format_cpu

NODE_KINDS: Final = (Kind.GPU, Kind.CPU_MEMORY, Kind.IDLE)
MAX_IDLE: Final = 20

_Content = tuple[str, str, tuple[tuple[Workload, int], ...]]


def uses(months: Months, market: Market) -> tuple[NodeUse, ...]:
    """By pool and type, in the order in which they are first bought."""
    counts = {scenario: _counts(months[scenario]) for scenario in Scenario}
    busiest = _busiest(months[Scenario.TYPICAL])
    kinds = dict.fromkeys(kind for scenario in Scenario for kind in counts[scenario])
    return tuple(
        _use(kind, tuple(counts[scenario].get(kind, 0) for scenario in Scenario), months, market, busiest.get(kind, []))
        for kind in kinds
    )


def idle_nodes(typical: Month, price: HourPrices) -> tuple[IdleNode, ...]:
    """Nodes with the same pods together, those that waste the most money first."""
    hours: dict[_Content, Fraction] = {}
    seen: dict[_Content, tuple[Node, int]] = {}
    for piece, packing in zip(typical.pieces, typical.packings, strict=True):
        for node, count in alike(packing.nodes):
            key = (node.pool.name, node.type.name, node.pods)
            hours[key] = hours.get(key, Fraction(0)) + piece.hours_per_month * count
            seen[key] = (node, max(count, seen[key][1] if key in seen else 0))
    found = []
    for key, (node, count) in seen.items():
        whole = price(node.pool, node.type) or Fraction(0)
        idle = shares.idle(node, whole)
        percent = round(100 * idle / whole) if whole else 0
        entry = IdleNode(node.pool.name, node.type.name, count, pods_text(node), left_text(node),
                         to_cents(idle * hours[key]), percent)  # fmt: skip
        found.append(entry)
    return tuple(sorted(found, key=lambda each: -each.idle_cents)[:MAX_IDLE])


def week(typical: Month, estimate: Estimate) -> tuple[Mapping[Kind, int], ...]:
    """Cents of each of the 168 hours by kind. Together, over 730 hours, they are the typical month but for rounding."""
    of_nodes = sum(typical.costs.cents.values())
    always: dict[Kind, Fraction] = {
        kind: Fraction(sum(line.cost.typical_cents for line in estimate.lines if line.kind is kind), HOURS_PER_MONTH)
        for kind in Kind
        if kind not in NODE_KINDS
    }
    all_lines = sum(line.cost.typical_cents for line in estimate.lines if line.kind in NODE_KINDS)
    besides = Fraction(all_lines - of_nodes, HOURS_PER_MONTH)  # jobs and cold starts: at no hour that is known
    always[Kind.CPU_MEMORY] = besides
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


def pods_text(node: Node) -> str:
    """`2 x slipway/legal, 1 x slipway/risk`."""
    return ", ".join(f"{count} x {workload.id}" for workload, count in node.pods) or "no pod"


def left_text(node: Node) -> str:
    """What pods could still reserve on it."""
    rest = left(node)
    gpus = f", {rest.gpus} GPUs" if node.type.gpus else ""
    return f"{format_cpu(rest.cpu_m)} CPU, {format_bytes(max(rest.memory_bytes, 0) // MI * MI)}{gpus}"


def left(node: Node) -> Resources:
    """Of what pods may use."""
    room = node.allocatable
    used = [(workload.shape.requests, count) for workload, count in node.pods]
    return Resources(
        room.cpu_m - sum(need.cpu_m * count for need, count in used),
        room.memory_bytes - sum(need.memory_bytes * count for need, count in used),
        room.gpus - sum(need.gpus * count for need, count in used),
    )


def _use(kind: NodeKind, count: tuple[int, ...], months: Months, market: Market, nodes: Sequence[Node]) -> NodeUse:
    """The number of nodes is the most that run at once in the scenario."""
    any_node = nodes[0] if nodes else _any_node(kind, months)
    price = HourPrices(market, Scenario.TYPICAL)
    mine = {o: cents for o, cents in months[Scenario.TYPICAL].costs.cents.items() if (o.pool, o.type) == kind}
    idle = sum(cents for owner, cents in mine.items() if owner.kind is Kind.IDLE)
    whole = sum(mine.values())
    least, usual, most = count
    return NodeUse(
        pool=kind[0],
        type=kind[1],
        capacity=any_node.pool.capacity.value,
        count=(least, usual, most),
        price_hour=price(any_node.pool, any_node.type),
        idle_cents=idle,
        idle_percent=round(100 * idle / whole) if whole else 0,
        caused_by=_cause(nodes),
        hint=hint(nodes, market),
    )


def _counts(month: Month) -> dict[NodeKind, int]:
    """Of each kind the most that run at once."""
    most: dict[NodeKind, int] = {}
    for packing in month.packings:
        for kind, count in Counter((node.pool.name, node.type.name) for node in packing.nodes).items():
            most[kind] = max(count, most.get(kind, 0))
    return most


def _busiest(typical: Month) -> dict[NodeKind, list[Node]]:
    """The nodes of each kind when there are the most of them."""
    found: dict[NodeKind, list[Node]] = {}
    for packing in typical.packings:
        for kind, nodes in _by_kind(packing).items():
            if len(nodes) > len(found.get(kind, [])):
                found[kind] = nodes
    return found


def _by_kind(packing: Packing) -> dict[NodeKind, list[Node]]:
    found: dict[NodeKind, list[Node]] = {}
    for node in packing.nodes:
        found.setdefault((node.pool.name, node.type.name), []).append(node)
    return found


def _any_node(kind: NodeKind, months: Months) -> Node:
    """Of a kind that only the low or the high month has."""
    packings = [packing for month in months.values() for packing in month.packings]
    return next(node for packing in packings for node in packing.nodes if (node.pool.name, node.type.name) == kind)


def _cause(nodes: Sequence[Node]) -> str:
    """The node with the most left over, who is on it, and what is left."""
    if not nodes:
        return ""
    node = max((node for node, _ in alike(nodes)), key=lambda each: shares.idle(each, Fraction(1)))
    return f"{pods_text(node)}; left over: {left_text(node)}"
