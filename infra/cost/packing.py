"""Which nodes given numbers of pods need: a small kube-scheduler that fills nodes, and an autoscaler that buys them.

Pods come by priority, then largest first. Each takes, among the nodes that kube-scheduler's filters allow, the fullest
one (`NodeResourcesFit` with MostAllocated over cpu and memory); if there is none, the cheapest node that it fits on is
bought. That is what a cluster converges to whose autoscaler consolidates, and what a scheduler with that profile really
does: `make conformance-packing` compares with the real one. Not modelled: preferences, preemption, volumes' zones.

Pods of one workload are placed together and nodes that are alike are looked at once, so it is near to linear.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from infra.cost.offers import Offer, Offers, Price
from infra.cost.spread import Neighbours, Rules, is_bound
from infra.cost.types import Node, Packing, Pool, Resources, Workload

__all__ = ["Price", "pack", "pack_on"]


class _Free(NamedTuple):
    """What is left of a node; nodes of one offer with the same left over are alike."""

    cpu_m: int
    memory_bytes: int
    gpus: int
    ephemeral_bytes: int
    pods: int

    def most(self, need: Resources) -> int:
        """How many pods of this size still fit."""
        fit = self.pods
        if need.cpu_m and self.cpu_m // need.cpu_m < fit:
            fit = self.cpu_m // need.cpu_m
        if need.memory_bytes and self.memory_bytes // need.memory_bytes < fit:
            fit = self.memory_bytes // need.memory_bytes
        if need.gpus and self.gpus // need.gpus < fit:
            fit = self.gpus // need.gpus
        if need.ephemeral_bytes and self.ephemeral_bytes // need.ephemeral_bytes < fit:
            fit = self.ephemeral_bytes // need.ephemeral_bytes
        return fit

    def less(self, need: Resources, count: int) -> _Free:
        """With so many pods more."""
        return _Free(
            self.cpu_m - count * need.cpu_m,
            self.memory_bytes - count * need.memory_bytes,
            self.gpus - count * need.gpus,
            self.ephemeral_bytes - count * need.ephemeral_bytes,
            self.pods - count,
        )

    def fullness(self, room: Resources) -> int:
        """The score of MostAllocated, in whole numbers as there."""
        cpu = (room.cpu_m - self.cpu_m) * 100 // max(room.cpu_m, 1)
        memory = (room.memory_bytes - self.memory_bytes) * 100 // max(room.memory_bytes, 1)
        return (cpu + memory) // 2


class _Open:
    """A bought node."""

    __slots__ = ("free", "number", "offer", "pods")

    def __init__(self, number: int, offer: Offer) -> None:
        self.number, self.offer = number, offer
        room = offer.room
        self.free = _Free(room.cpu_m, room.memory_bytes, room.gpus, room.ephemeral_bytes, offer.max_pods)
        self.pods: dict[Workload, int] = {}


_Alike = tuple[int, _Free]
"""The index of an offer, and what is left."""


def pack(
    replicas: Sequence[tuple[Workload, int]], pools: Sequence[Pool], price: Price, daemons: Sequence[Workload] = ()
) -> Packing:
    """Nodes for these numbers of replicas. A pool's `min_nodes` are bought whether they are needed or not."""
    return pack_on(Offers(pools, price, daemons), replicas)


def pack_on(offers: Offers, replicas: Sequence[tuple[Workload, int]]) -> Packing:
    """As `pack`, for who packs often on the same offers."""
    in_order = sorted((entry for entry in replicas if entry[1] > 0), key=_largest_first)
    packer = _Packer(offers)
    for (workload, count), least in zip(in_order, _least_of_the_rest(in_order), strict=True):
        packer.place(workload, count)
        packer.forget_full(*least)
    return packer.result()


def _largest_first(entry: tuple[Workload, int]) -> tuple[int, int, int, int, str]:
    shape, need = entry[0].shape, entry[0].shape.requests
    return (-shape.priority, -need.gpus, -need.cpu_m, -need.memory_bytes, entry[0].id)


def _least_of_the_rest(in_order: Sequence[tuple[Workload, int]]) -> list[tuple[int, int]]:
    """For each place in the order the least cpu and memory that any later pod asks for."""
    later = [workload.shape.requests for workload, _ in reversed(in_order)]
    cpus = list(accumulate((need.cpu_m for need in later), min))[::-1]
    memories = list(accumulate((need.memory_bytes for need in later), min))[::-1]
    return [*zip(cpus[1:], memories[1:], strict=True), (0, 0)][: len(in_order)]


class _Packer:
    """The state of one packing."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._neighbours = Neighbours()
        self._nodes: list[_Open] = []
        self._alike: dict[_Alike, list[int]] = {}  # numbers of the nodes that still have room, sorted
        self._bought: dict[str, int] = {}
        self._unplaced: list[tuple[Workload, int, str]] = []
        for pool in offers.pools:
            cheapest = offers.cheapest_of(pool)
            for _ in range(pool.min_nodes if cheapest else 0):
                self._buy(cheapest)  # type: ignore[arg-type]

    def place(self, workload: Workload, count: int) -> None:
        """Put so many pods of a workload somewhere."""
        allowed = self._offers.possible(workload)
        rules = None
        if is_bound(workload) or self._neighbours.refusing(workload):
            rules = Rules(workload, self._neighbours, [offer.zone for offer in allowed])
        if rules is None or rules.is_free:
            left = self._place_together(workload, count, allowed)
        else:
            left = self._place_one_by_one(workload, count, allowed, rules)
        if left:
            self._unplaced.append((workload, left, self._offers.why_none(workload)))

    def forget_full(self, least_cpu_m: int, least_memory_bytes: int) -> None:
        """Look no more at nodes on which no later pod fits."""
        for key in list(self._alike):
            free = key[1]
            if free.pods <= 0 or free.cpu_m < least_cpu_m or free.memory_bytes < least_memory_bytes:
                del self._alike[key]

    def result(self) -> Packing:
        """What was bought, and what fits nowhere."""
        nodes = [
            Node(n.offer.pool, n.offer.type, n.offer.zone, n.offer.room, tuple(n.pods.items())) for n in self._nodes
        ]
        return Packing(tuple(nodes), tuple(self._unplaced))

    def _place_together(self, workload: Workload, count: int, allowed: Sequence[Offer]) -> int:
        """Fill nodes, then buy; returns how many fit nowhere."""
        need = workload.shape.requests
        for number in self._fullest_first(need, allowed):
            taken = min(count, self._nodes[number].free.most(need))
            self._put(workload, number, taken)
            count -= taken
            if not count:
                return 0
        while count and (offer := self._choose(workload, allowed)):
            node = self._buy(offer)
            taken = min(count, node.free.most(need))
            self._put(workload, node.number, taken)
            count -= taken
        return count

    def _place_one_by_one(self, workload: Workload, count: int, allowed: Sequence[Offer], rules: Rules) -> int:
        """As `_place_together`, but each pod moves what the rules allow the next one."""
        ids, need = {offer.index for offer in allowed}, workload.shape.requests
        eligible = [node.number for node in self._nodes if node.offer.index in ids]
        for left in range(count, 0, -1):
            rules.look(eligible)
            found = self._fullest_first(need, allowed)
            number = next((n for n in found if rules.allows(self._nodes[n].offer.zone, n)), None)
            if number is None:
                new = len(self._nodes)
                offer = self._choose(workload, [o for o in allowed if rules.allows(o.zone, new, is_new=True)])
                if offer is None:
                    return left
                number = self._buy(offer).number
                eligible.append(number)
            self._put(workload, number, 1)
            rules.add(self._nodes[number].offer.zone, number)
        return 0

    def _fullest_first(self, need: Resources, allowed: Sequence[Offer]) -> Iterator[int]:
        """Numbers of the nodes with room for one more; among equally full ones the one that was bought first."""
        rooms = {offer.index: offer.room for offer in allowed}
        levels: dict[int, list[list[int]]] = {}
        for (index, free), numbers in self._alike.items():
            if index in rooms and free.most(need) > 0:
                levels.setdefault(free.fullness(rooms[index]), []).append(numbers)
        for level in sorted(levels, reverse=True):
            groups = [tuple(numbers) for numbers in levels[level]]  # they change while nodes are filled
            yield from groups[0] if len(groups) == 1 else heapq.merge(*groups)

    def _choose(self, workload: Workload, allowed: Sequence[Offer]) -> Offer | None:
        """The cheapest offer that still may be bought; among equals the zone with the fewest pods of the workload."""
        possible = [offer for offer in allowed if self._may_buy(offer)]
        if not possible:
            return None
        best = possible[0]
        equals = [offer for offer in possible if offer.pool is best.pool and offer.type is best.type]
        return min(equals, key=lambda offer: self._neighbours.in_zone(workload, offer.zone))

    def _may_buy(self, offer: Offer) -> bool:
        most = offer.pool.max_nodes
        return most is None or self._bought.get(offer.pool.name, 0) < most

    def _buy(self, offer: Offer) -> _Open:
        node = _Open(len(self._nodes), offer)
        self._nodes.append(node)
        self._alike.setdefault((offer.index, node.free), []).append(node.number)
        self._bought[offer.pool.name] = self._bought.get(offer.pool.name, 0) + 1
        return node

    def _put(self, workload: Workload, number: int, count: int) -> None:
        node = self._nodes[number]
        self._leave(node)
        node.free = node.free.less(workload.shape.requests, count)
        node.pods[workload] = node.pods.get(workload, 0) + count
        insort(self._alike.setdefault((node.offer.index, node.free), []), number)
        self._neighbours.add(workload, node.offer.zone, number, count)

    def _leave(self, node: _Open) -> None:
        key = (node.offer.index, node.free)
        numbers = self._alike[key]
        numbers.remove(node.number)
        if not numbers:
            del self._alike[key]
