"""Which nodes given numbers of pods need: a small kube-scheduler that fills nodes, and an autoscaler that buys them.

Pods come by priority, then largest first. Each takes, among the nodes that kube-scheduler's filters allow, the fullest
one (`NodeResourcesFit` with MostAllocated over cpu and memory); if there is none, the cheapest node that it fits on is
bought. That is what a cluster converges to whose autoscaler consolidates, and what a scheduler with that profile really
does: `make conformance-packing` compares with the real one. Not modelled: preferences, preemption, volumes' zones.

Pods of one workload are placed together and nodes without room are looked at no more, so it is near to linear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from infra.cost.allocatable import allocatable
from infra.cost.node_labels import labels_of
from infra.cost.scheduling import selects, tolerates
from infra.cost.spread import Neighbours, is_bound
from infra.cost.types import Node, NodeType, Packing, Pool, Resources, Workload

Price = Callable[[Pool, NodeType], Fraction | None]
"""Dollars an hour of a node; None where the price book has none: such a node is bought last."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """A kind of node that may be bought: a type of a pool in a zone."""

    pool: Pool
    type: NodeType
    zone: str
    price: Fraction | None
    room: Resources  # without what the daemons take
    max_pods: int


@dataclass(slots=True)
class _Open:
    """A bought node."""

    number: int
    offer: _Offer
    free: Resources
    free_pods: int
    pods: dict[Workload, int] = field(default_factory=dict)

    def fullness(self) -> int:
        """The score of MostAllocated, in whole numbers as there."""
        room, free = self.offer.room, self.free
        cpu = (room.cpu_m - free.cpu_m) * 100 // max(room.cpu_m, 1)
        memory = (room.memory_bytes - free.memory_bytes) * 100 // max(room.memory_bytes, 1)
        return (cpu + memory) // 2

    def most(self, requests: Resources) -> int:
        """How many pods of this size still fit."""
        free = self.free
        pairs = (
            (free.cpu_m, requests.cpu_m),
            (free.memory_bytes, requests.memory_bytes),
            (free.gpus, requests.gpus),
            (free.ephemeral_bytes, requests.ephemeral_bytes),
        )
        return min([self.free_pods, *(have // need for have, need in pairs if need)])

    def take(self, workload: Workload, count: int) -> None:
        """Put pods on it."""
        need = workload.shape.requests
        self.free = Resources(
            self.free.cpu_m - count * need.cpu_m,
            self.free.memory_bytes - count * need.memory_bytes,
            self.free.gpus - count * need.gpus,
            self.free.ephemeral_bytes - count * need.ephemeral_bytes,
        )
        self.free_pods -= count
        self.pods[workload] = self.pods.get(workload, 0) + count


def pack(
    replicas: Sequence[tuple[Workload, int]], pools: Sequence[Pool], price: Price, daemons: Sequence[Workload] = ()
) -> Packing:
    """Nodes for these numbers of replicas. A pool's `min_nodes` are bought whether they are needed or not."""
    packer = _Packer(pools, price, daemons, [workload.shape.requests for workload, count in replicas if count])
    for workload, count in sorted(replicas, key=_largest_first):
        packer.place(workload, count)
    return packer.result()


def _largest_first(entry: tuple[Workload, int]) -> tuple[int, int, int, int, str]:
    shape, need = entry[0].shape, entry[0].shape.requests
    return (-shape.priority, -need.gpus, -need.cpu_m, -need.memory_bytes, entry[0].id)


class _Packer:
    """The state of one packing."""

    def __init__(
        self, pools: Sequence[Pool], price: Price, daemons: Sequence[Workload], sizes: Sequence[Resources]
    ) -> None:
        self._offers = sorted(_offers(pools, price, daemons), key=_cheapest_first)
        self._least_cpu_m = min((size.cpu_m for size in sizes), default=0)
        self._least_memory_bytes = min((size.memory_bytes for size in sizes), default=0)
        self._neighbours = Neighbours(tuple(dict.fromkeys(zone for pool in pools for zone in pool.zones)))
        self._nodes: list[_Open] = []
        self._with_room: list[_Open] = []
        self._bought: dict[str, int] = {}
        self._unplaced: list[tuple[Workload, int, str]] = []
        for pool in pools:
            for _ in range(pool.min_nodes):
                self._buy(next(offer for offer in self._offers if offer.pool is pool))

    def place(self, workload: Workload, count: int) -> None:
        """Put so many pods of a workload somewhere."""
        allowed = [offer for offer in self._offers if _is_possible(workload, offer)]
        one_by_one = is_bound(workload) or self._neighbours.is_refused_by_others(workload)
        while count > 0:
            placed = self._place_some(workload, allowed, 1 if one_by_one else count, is_checked=one_by_one)
            if not placed:
                self._unplaced.append((workload, count, _why(workload, allowed, self._offers)))
                return
            count -= placed
        self._with_room = [node for node in self._with_room if self._has_room(node)]

    def result(self) -> Packing:
        """What was bought, and what fits nowhere."""
        nodes = [
            Node(n.offer.pool, n.offer.type, n.offer.zone, n.offer.room, tuple(n.pods.items())) for n in self._nodes
        ]
        return Packing(tuple(nodes), tuple(self._unplaced))

    def _place_some(self, workload: Workload, allowed: Sequence[_Offer], count: int, *, is_checked: bool) -> int:
        """Fill the best node, or buy one; returns how many pods it took."""
        offers = set(map(id, allowed))
        need = workload.shape.requests
        fitting = [node for node in self._with_room if id(node.offer) in offers and node.most(need) > 0]
        if is_checked:
            eligible = [node.number for node in self._nodes if id(node.offer) in offers]
            fitting = [n for n in fitting if self._neighbours.allows(workload, n.offer.zone, n.number, eligible)]
        if not fitting:
            eligible = [node.number for node in self._nodes if id(node.offer) in offers]
            offer = self._choose(workload, allowed, eligible, is_checked=is_checked)
            if offer is None:
                return 0
            fitting = [self._buy(offer)]
        placed = 0
        for node in sorted(fitting, key=lambda node: (-node.fullness(), node.number)):
            taken = min(count - placed, node.most(need))
            node.take(workload, taken)
            self._neighbours.add(workload, node.offer.zone, node.number, taken)
            placed += taken
            if placed == count:
                break
        return placed

    def _choose(
        self, workload: Workload, allowed: Sequence[_Offer], eligible: Sequence[int], *, is_checked: bool
    ) -> _Offer | None:
        """The cheapest offer that still may be bought; among equals the zone with the fewest pods of the workload."""
        possible = [offer for offer in allowed if self._may_buy(offer)]
        if is_checked:
            number = len(self._nodes)
            possible = [o for o in possible if self._neighbours.allows(workload, o.zone, number, eligible)]
        if not possible:
            return None
        best = possible[0]
        equals = [offer for offer in possible if offer.pool is best.pool and offer.type is best.type]
        return min(equals, key=lambda offer: self._neighbours.in_zone(workload, offer.zone))

    def _may_buy(self, offer: _Offer) -> bool:
        most = offer.pool.max_nodes
        return most is None or self._bought.get(offer.pool.name, 0) < most

    def _buy(self, offer: _Offer) -> _Open:
        node = _Open(len(self._nodes), offer, offer.room, offer.max_pods)
        self._nodes.append(node)
        self._with_room.append(node)
        self._bought[offer.pool.name] = self._bought.get(offer.pool.name, 0) + 1
        return node

    def _has_room(self, node: _Open) -> bool:
        return (
            node.free_pods > 0
            and node.free.cpu_m >= self._least_cpu_m
            and node.free.memory_bytes >= self._least_memory_bytes
        )


def _offers(pools: Sequence[Pool], price: Price, daemons: Sequence[Workload]) -> Iterator[_Offer]:
    for pool in pools:
        for node in pool.types:
            on_it = [daemon for daemon in daemons if _fits_labels(daemon, pool, node, pool.zones[0])]
            taken = sum((daemon.shape.requests for daemon in on_it), start=Resources())
            whole = allocatable(node)
            room = Resources(
                whole.cpu_m - taken.cpu_m,
                whole.memory_bytes - taken.memory_bytes,
                whole.gpus - taken.gpus,
                whole.ephemeral_bytes - taken.ephemeral_bytes,
            )
            for zone in pool.zones:
                yield _Offer(pool, node, zone, price(pool, node), room, node.max_pods - len(on_it))


def _cheapest_first(offer: _Offer) -> tuple[bool, Fraction, int, int, str, str]:
    size = offer.type
    return (
        offer.price is None,
        offer.price or Fraction(0),
        size.cpu_m,
        size.memory_bytes,
        offer.pool.name,
        offer.type.name,
    )


def _is_possible(workload: Workload, offer: _Offer) -> bool:
    fits = workload.shape.requests.fits(offer.room) and offer.max_pods > 0
    return fits and _fits_labels(workload, offer.pool, offer.type, offer.zone)


def _fits_labels(workload: Workload, pool: Pool, node: NodeType, zone: str) -> bool:
    spec = workload.shape.spec
    return selects(spec, labels_of(pool, node, zone)) and tolerates(spec, pool.taints)


def _why(workload: Workload, allowed: Sequence[_Offer], offers: Sequence[_Offer]) -> str:
    """Why pods fit nowhere, with numbers where it is a matter of size."""
    if allowed:
        return "the pools that it may use are at their max_nodes, or its spread rules forbid one more"
    fitting = [offer for offer in offers if _fits_labels(workload, offer.pool, offer.type, offer.zone)]
    if not fitting:
        return "no pool has the labels that it selects and taints that it tolerates"
    need = workload.shape.requests
    names = ", ".join(sorted({f"{o.type.name} ({o.room.cpu_m}m, {o.room.memory_bytes} bytes)" for o in fitting}))
    return f"it needs {need.cpu_m}m, {need.memory_bytes} bytes, {need.gpus} GPUs: more than is left for pods on {names}"
