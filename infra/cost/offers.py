"""What may be bought: each type of each pool in each zone, with its labels, its room for pods and its price.

Made once for a stack and asked often: which offers a workload may go to is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from infra.cost.allocatable import allocatable
from infra.cost.node_labels import labels_of
from infra.cost.scheduling import selects, tolerates
from infra.cost.types import NodeType, Pool, Resources, Workload

Price = Callable[[Pool, NodeType], Fraction | None]
"""Dollars an hour of a node; None where the price book has none: such a node is bought last."""


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A kind of node that may be bought: a type of a pool in a zone. `index`: the cheapest is 0."""

    index: int
    pool: Pool
    type: NodeType
    zone: str
    labels: Mapping[str, str]
    price: Fraction | None
    room: Resources  # without what the daemons take
    max_pods: int


class Offers:
    """All offers of some pools, the cheapest first; nodes without a price last."""

    def __init__(self, pools: Sequence[Pool], price: Price, daemons: Sequence[Workload] = ()) -> None:
        self.pools = tuple(pools)
        unsorted = sorted(_offers(pools, price, daemons), key=_cheapest_first)
        self.all = tuple(
            Offer(index, each.pool, each.type, each.zone, each.labels, each.price, each.room, each.max_pods)
            for index, each in enumerate(unsorted)
        )
        self._possible: dict[Workload, tuple[Offer, ...]] = {}

    def possible(self, workload: Workload) -> tuple[Offer, ...]:
        """Those on whose empty nodes one of its pods may run."""
        if workload not in self._possible:
            self._possible[workload] = tuple(offer for offer in self.all if _is_possible(workload, offer))
        return self._possible[workload]

    def cheapest_of(self, pool: Pool) -> Offer | None:
        """What a pool buys first; None for a pool without types or zones."""
        return next((offer for offer in self.all if offer.pool is pool), None)

    def why_none(self, workload: Workload) -> str:
        """Why pods fit nowhere, with numbers where it is a matter of size."""
        if self.possible(workload):
            return "the pools that it may use are at their max_nodes, or its spread rules forbid one more"
        fitting = [offer for offer in self.all if _may_go(workload, offer)]
        if not fitting:
            return "no pool has the labels that it selects and taints that it tolerates"
        need = workload.shape.requests
        names = ", ".join(sorted({f"{o.type.name} ({o.room.cpu_m}m, {o.room.memory_bytes} bytes)" for o in fitting}))
        asked = f"{need.cpu_m}m, {need.memory_bytes} bytes, {need.gpus} GPUs"
        return f"it needs {asked}: more than is left for pods on {names}"


def _offers(pools: Sequence[Pool], price: Price, daemons: Sequence[Workload]) -> Iterator[Offer]:
    for pool in pools:
        for node in pool.types:
            for zone in pool.zones:
                labels = labels_of(pool, node, zone)
                on_it = [each for each in daemons if _fits_labels(each, labels, pool)]
                taken = sum((daemon.shape.requests for daemon in on_it), start=Resources())
                room = _less(allocatable(node), taken)
                yield Offer(0, pool, node, zone, labels, price(pool, node), room, node.max_pods - len(on_it))


def _less(whole: Resources, taken: Resources) -> Resources:
    return Resources(
        whole.cpu_m - taken.cpu_m,
        whole.memory_bytes - taken.memory_bytes,
        whole.gpus - taken.gpus,
        whole.ephemeral_bytes - taken.ephemeral_bytes,
    )


def _cheapest_first(offer: Offer) -> tuple[bool, Fraction, int, int, str, str]:
    size, price = offer.type, offer.price
    return (price is None, price or Fraction(0), size.cpu_m, size.memory_bytes, offer.pool.name, size.name)


def _is_possible(workload: Workload, offer: Offer) -> bool:
    return workload.shape.requests.fits(offer.room) and offer.max_pods > 0 and _may_go(workload, offer)


def _may_go(workload: Workload, offer: Offer) -> bool:
    return _fits_labels(workload, offer.labels, offer.pool)


def _fits_labels(workload: Workload, labels: Mapping[str, str], pool: Pool) -> bool:
    spec = workload.shape.spec
    return selects(spec, labels) and tolerates(spec, pool.taints)
