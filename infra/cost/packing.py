"""Which nodes given numbers of pods need: a small kube-scheduler that fills nodes, and an autoscaler that buys them.

Pods come by priority, then largest first. Each takes, among the nodes that kube-scheduler's filters allow, the fullest
one (`NodeResourcesFit` with MostAllocated over cpu and memory); if there is none, the cheapest node that it fits on is
bought. That is what a cluster converges to whose autoscaler consolidates, and what a scheduler with that profile really
does: `make conformance-packing` compares with the real one. Not modelled: preferences, preemption, volumes' zones.

Pods of one workload are placed together, and a node is found without looking at the others, so it is near to linear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from infra.cost.offers import Offer, Offers, Price
from infra.cost.shelves import Free, Shelves
from infra.cost.spread import Neighbours, Rules, is_bound
from infra.cost.types import Node, Packing, Pool, Workload

__all__ = ["Price", "Shop", "in_order", "pack", "pack_on"]


class _Open:
    """A bought node."""

    __slots__ = ("free", "number", "offer", "pods")

    def __init__(self, number: int, offer: Offer) -> None:
        self.number, self.offer, self.free = number, offer, Free.of(offer)
        self.pods: dict[Workload, int] = {}


def pack(
    replicas: Sequence[tuple[Workload, int]], pools: Sequence[Pool], price: Price, daemons: Sequence[Workload] = ()
) -> Packing:
    """Nodes for these numbers of replicas. A pool's `min_nodes` are bought whether they are needed or not."""
    return pack_on(Offers(pools, price, daemons), replicas)


def pack_on(offers: Offers, replicas: Sequence[tuple[Workload, int]]) -> Packing:
    """As `pack`, for who packs often on the same offers."""
    packer = _Packer(offers)
    for workload, count in in_order(replicas):
        packer.place(workload, count)
    return packer.result()


def in_order(replicas: Sequence[tuple[Workload, int]]) -> list[tuple[Workload, int]]:
    """By priority, then the largest first: it has the fewest places to go."""
    return sorted((entry for entry in replicas if entry[1] > 0), key=_largest_first)


def _largest_first(entry: tuple[Workload, int]) -> tuple[int, int, int, int, str]:
    shape, need = entry[0].shape, entry[0].shape.requests
    return (-shape.priority, -need.gpus, -need.cpu_m, -need.memory_bytes, entry[0].id)


class Shop:
    """The autoscaler: what it has bought, and what it buys next."""

    def __init__(self, offers: Offers, neighbours: Neighbours) -> None:
        self._offers, self._neighbours = offers, neighbours
        self._bought: Counter[str] = Counter()  # nodes by pool

    def at_first(self) -> list[Offer]:
        """The least nodes of each pool, over its zones in turn."""
        found = []
        for pool in self._offers.pools:
            if firsts := self._offers.first_of(pool):
                found += [firsts[number % len(firsts)] for number in range(pool.min_nodes)]
        return found

    def choose(self, workload: Workload, allowed: Sequence[Offer]) -> Offer | None:
        """The cheapest offer that still may be bought; among equals the zone with the fewest pods of the workload."""
        possible = [offer for offer in allowed if self.may_buy(offer)]
        if not possible:
            return None
        best = possible[0]
        equals = [offer for offer in possible if offer.pool is best.pool and offer.type is best.type]
        return min(equals, key=lambda offer: self._neighbours.in_zone(workload, offer.zone))

    def buy(self, offer: Offer) -> None:
        """One node more."""
        self._bought[offer.pool.name] += 1
        self._neighbours.bought(offer)

    def may_buy(self, offer: Offer) -> bool:
        """Whether its pool may still grow."""
        most = offer.pool.max_nodes
        return most is None or self._bought[offer.pool.name] < most


class _Packer:
    """The state of one packing."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._neighbours = Neighbours()
        self._shop = Shop(offers, self._neighbours)
        self._nodes: list[_Open] = []
        self._shelves = Shelves()
        self._unplaced: list[tuple[Workload, int, str]] = []
        for offer in self._shop.at_first():
            self._buy(offer)

    def place(self, workload: Workload, count: int) -> None:
        """Put so many pods of a workload somewhere."""
        allowed = self._offers.possible(workload)
        rules = None
        if is_bound(workload) or self._neighbours.refusing(workload):
            rules = Rules(workload, self._neighbours, self._offers)
        if rules is None or rules.is_free:
            left = self._place_together(workload, count, allowed)
        else:
            left = self._place_one_by_one(workload, count, allowed, rules)
        if left:
            self._unplaced.append((workload, left, self._offers.why_none(workload)))

    def result(self) -> Packing:
        """What was bought, and what fits nowhere."""
        nodes = [
            Node(n.offer.pool, n.offer.type, n.offer.zone, n.offer.room, tuple(n.pods.items())) for n in self._nodes
        ]
        return Packing(tuple(nodes), tuple(self._unplaced))

    def _place_together(self, workload: Workload, count: int, allowed: Sequence[Offer]) -> int:
        """Fill nodes, then buy; returns how many fit nowhere. The fullest node stays it while it is filled."""
        need = workload.shape.requests
        while count and (number := self._shelves.fullest(need, allowed)) is not None:
            count -= self._fill(workload, self._nodes[number], count)
        while count and (offer := self._shop.choose(workload, allowed)):
            count -= self._fill(workload, self._buy(offer), count)
        return count

    def _place_one_by_one(self, workload: Workload, count: int, allowed: Sequence[Offer], rules: Rules) -> int:
        """As `_place_together`, but each pod moves what the rules allow the next one."""
        need = workload.shape.requests
        for left in range(count, 0, -1):
            kinds = [offer for offer in allowed if rules.allows_kind(offer)]
            number = self._shelves.fullest(need, kinds, rules.allows_node)
            if number is None:
                offer = self._shop.choose(workload, kinds) if rules.allows_new() else None
                if offer is None:
                    return left
                number = self._buy(offer).number
                rules.bought()
            self._put(workload, self._nodes[number], 1)
            rules.add(number)
        return 0

    def _buy(self, offer: Offer) -> _Open:
        node = _Open(len(self._nodes), offer)
        self._nodes.append(node)
        self._shelves.add(offer, node.free, node.number)
        self._shop.buy(offer)
        return node

    def _fill(self, workload: Workload, node: _Open, count: int) -> int:
        """Put as many as fit, at most `count`; returns how many."""
        taken = min(count, node.free.most(workload.shape.requests))
        self._put(workload, node, taken)
        return taken

    def _put(self, workload: Workload, node: _Open, count: int) -> None:
        self._shelves.remove(node.offer, node.free, node.number)
        node.free = node.free.less(workload.shape.requests, count)
        self._shelves.add(node.offer, node.free, node.number)
        node.pods[workload] = node.pods.get(workload, 0) + count
        self._neighbours.add(workload, node.number, count)
