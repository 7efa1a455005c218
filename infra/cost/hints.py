"""The cheapest node type that fits the same pods: `4 x g5.xlarge instead of 1 x g5.12xlarge: -1,203 a month`.

Proven by packing: the pods of the nodes of one kind are packed on each other type, in a pool that is the same in all
else. Types are tried by what they must cost at least, until none that is left can be cheaper. Other GPUs are no
candidates: another GPU is another speed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from infra.cost.allocatable import allocatable
from infra.cost.market import HourPrices, Market
from infra.cost.money import HOURS_PER_MONTH, to_cents
from infra.cost.packing import pack
from infra.cost.scenarios import Scenario
from infra.cost.types import Node, NodeType, Pool, Resources, Workload

MAX_PODS: Final = 500
MAX_TRIED: Final = 8
BURSTABLE: Final = re.compile(r"t\d|Standard_B|(e2-(micro|small|medium)|f1|g1)\b")
"""Machines whose processors are not all theirs: cheap, but not for pods that use what they ask for."""
LEAST_SAVING: Final = Fraction(5, 100)
"""Less is not worth a change of the pool."""


def hint(nodes: Sequence[Node], market: Market) -> str:
    """For nodes of one kind; empty where nothing is cheaper, or there are too many pods to try."""
    counts: dict[Workload, int] = {}
    for node in nodes:
        for workload, count in node.pods:
            counts[workload] = counts.get(workload, 0) + count
    if not counts or sum(counts.values()) > MAX_PODS:
        return ""
    pool, now = nodes[0].pool, nodes[0].type
    price = HourPrices(market, Scenario.TYPICAL)
    own = price(pool, now)
    if not own:
        return ""
    best, found = own * len(nodes) * (1 - LEAST_SAVING), ""
    candidates = sorted(_candidates(counts, pool, now, market, price), key=lambda entry: entry[0])
    for least, other in candidates[:MAX_TRIED]:
        if least >= best:
            break
        alternative = replace(pool, types=(other,), min_nodes=0, max_nodes=None)
        packing = pack(list(counts.items()), [alternative], price)
        cost = price.of(packing)
        if not packing.unplaced and cost < best:
            saved = to_cents((own * len(nodes) - cost) * HOURS_PER_MONTH) // 100
            best = cost
            found = f"{len(packing.nodes)} x {other.name} instead of {len(nodes)} x {now.name}: -{saved:,} a month"
    return found


def kind_of(node: NodeType) -> tuple[str, str, str | None, bool, bool]:
    """Types of one kind can stand in for each other: same provider, processor and GPU, all theirs or not."""
    return node.provider, node.arch, node.gpu_product, node.gpus > 0, bool(BURSTABLE.match(node.name))


def _candidates(
    counts: dict[Workload, int], pool: Pool, now: NodeType, market: Market, price: HourPrices
) -> Iterator[tuple[Fraction, NodeType]]:
    """Each other type that might do, with what the pods cost on it at the very least."""
    known = {node.name: node for each in market.settings.pools for node in each.types}
    known |= {node.name: node for node in market.machines}
    need = [(workload.shape.requests, count) for workload, count in counts.items()]
    for node in known.values():
        hour = price(pool, node)
        room = allocatable(node)
        if (
            node.name != now.name
            and kind_of(node) == kind_of(now)
            and hour
            and all(each.fits(room) for each, _ in need)
        ):
            yield hour * least_nodes(need, room), node


def least_nodes(need: Sequence[tuple[Resources, int]], room: Resources) -> int:
    """No packing needs fewer."""
    pairs = (
        (sum(each.cpu_m * count for each, count in need), room.cpu_m),
        (sum(each.memory_bytes * count for each, count in need), room.memory_bytes),
        (sum(each.gpus * count for each, count in need), room.gpus),
    )
    return max(1, *(-(-whole // one) for whole, one in pairs if one > 0))
