"""What the nodes of one scenario cost a month, and who pays: pods by their share, idle by the shares on its node.

Amounts are exact until each kind of node is rounded once; its cents are then divided so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from infra.cost import shares
from infra.cost.money import divide, to_cents
from infra.cost.types import Kind, Node, NodeType, Packing, Pool, Workload

HourPrice = Callable[[Pool, NodeType], Fraction | None]


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
    amounts: dict[tuple[str, str], dict[Owner, Fraction]] = {}
    for hours, packing in packings:
        for node, count in _alike(packing.nodes):
            key = (node.pool.name, node.type.name)
            price = hour_price(node.pool, node.type)
            if price is None:
                result.without_price[key] = result.without_price.get(key, Fraction(0)) + hours * count
                continue
            result.prices[key] = price
            result.node_hours[key] = result.node_hours.get(key, Fraction(0)) + hours * count
            owners = amounts.setdefault(key, {})
            for owner, amount in _owners(node, price).items():
                owners[owner] = owners.get(owner, Fraction(0)) + amount * hours * count
    for owners in amounts.values():
        whole = to_cents(sum(owners.values(), start=Fraction(0)))
        result.cents.update(zip(owners, divide(whole, list(owners.values())), strict=True))
    return result


def _alike(nodes: Sequence[Node]) -> list[tuple[Node, int]]:
    """Nodes of one kind with the same pods count together: there are many of them."""
    counts: dict[tuple[object, ...], list[Node]] = {}
    for node in nodes:
        counts.setdefault((id(node.pool), id(node.type), node.pods), []).append(node)
    return [(same[0], len(same)) for same in counts.values()]


def _owners(node: Node, price: Fraction) -> Mapping[Owner, Fraction]:
    """Dollars an hour of one node by who pays."""
    amounts: dict[Owner, Fraction] = {}
    paid: dict[Workload, Fraction] = {}
    pool, name = node.pool.name, node.type.name
    for workload, count in node.pods:
        part = shares.share(workload.shape.requests, node.type, price)
        paid[workload] = part.whole * count
        for kind, amount in ((Kind.GPU, part.gpu), (Kind.CPU_MEMORY, part.cpu_memory)):
            if amount:
                amounts[Owner(pool, name, kind, workload.namespace, workload.model, workload.id)] = amount * count
    unused = price - sum(paid.values(), start=Fraction(0))
    whole = sum(paid.values(), start=Fraction(0))
    if not whole:
        return {Owner(pool, name, Kind.IDLE): price}
    for workload, part_paid in paid.items():
        owner = Owner(pool, name, Kind.IDLE, workload.namespace, workload.model, workload.id)
        amounts[owner] = amounts.get(owner, Fraction(0)) + unused * part_paid / whole
    return amounts
