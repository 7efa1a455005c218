"""What the nodes of one scenario cost a month, and who pays: pods by their share, idle by the shares on its node.

What all nodes of a kind cost is exact until it is rounded once; its cents are then divided so that nothing is lost. The
weights by which they are divided are whole numbers with 64 binary digits behind the point: exact fractions of a
thousand different nodes would have denominators with thousands of digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from infra.cost import shares
from infra.cost.money import divide, to_cents
from infra.cost.types import Kind, Node, NodeType, Packing, Pool, Workload

HourPrice = Callable[[Pool, NodeType], Fraction | None]
ONE = 2**64
"""The weight of a whole node for one unit of time."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who pays for a part of a kind of node. Nobody's idle (of an empty node) is shared: namespace and model empty."""

    pool: str
    type: str
    kind: Kind
    namespace: str = ""
    model: str | None = None
    workload: str = ""


@dataclass(slots=True)
class NodeCosts:
    """A month of one scenario."""

    cents: dict[Owner, int] = field(default_factory=dict)
    node_hours: dict[tuple[str, str], Fraction] = field(default_factory=dict)  # by pool and type
    prices: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    without_price: dict[tuple[str, str], Fraction] = field(default_factory=dict)  # node hours that are not in `cents`


def node_costs(packings: Sequence[tuple[Fraction, Packing]], hour_price: HourPrice) -> NodeCosts:
    """`packings`: each with the hours a month for which it stands."""
    result = NodeCosts()
    times: dict[tuple[str, str], int] = {}  # in the largest unit of which all hours are multiples
    weights: dict[tuple[str, str], dict[Owner, int]] = {}
    unit = lcm(*(hours.denominator for hours, _ in packings))
    for hours, packing in packings:
        for node, count in alike(packing.nodes):
            key, time = (node.pool.name, node.type.name), int(hours * unit) * count
            price = hour_price(node.pool, node.type)
            if price is None:
                result.without_price[key] = result.without_price.get(key, Fraction(0)) + Fraction(time, unit)
                continue
            result.prices[key] = price
            times[key] = times.get(key, 0) + time
            owners = weights.setdefault(key, {})
            for owner, weight in _owners(node):
                owners[owner] = owners.get(owner, 0) + weight * time
    for key, owners in weights.items():
        result.node_hours[key] = Fraction(times[key], unit)
        whole = to_cents(result.prices[key] * result.node_hours[key])
        result.cents.update(zip(owners, divide(whole, list(owners.values())), strict=True))
    return result


def alike(nodes: Sequence[Node]) -> list[tuple[Node, int]]:
    """Nodes of one kind with the same pods count together: there are many of them."""
    counts: dict[tuple[object, ...], list[Node]] = {}
    for node in nodes:
        counts.setdefault((id(node.pool), id(node.type), node.pods), []).append(node)
    return [(same[0], len(same)) for same in counts.values()]


def _owners(node: Node) -> Iterator[tuple[Owner, int]]:
    """Who pays for one node, and how much of it: all weights together are ONE but for rounding."""
    pool, name, whole = node.pool.name, node.type.name, shares.base(node.type).whole
    used = shares.used(node)
    if not used:
        yield Owner(pool, name, Kind.IDLE), ONE
        return
    for workload, count in node.pods:
        own = shares.base(workload.shape.requests)
        for kind, part in ((Kind.GPU, own.gpu), (Kind.CPU_MEMORY, own.cpu_memory)):
            if part:
                yield _owner(pool, name, kind, workload), ONE * part * count // whole
        if own.whole and used < whole:
            yield _owner(pool, name, Kind.IDLE, workload), ONE * own.whole * count * (whole - used) // (used * whole)


def _owner(pool: str, name: str, kind: Kind, workload: Workload) -> Owner:
    return Owner(pool, name, kind, workload.namespace, workload.model, workload.id)
