"""What may be bought: each type of each pool in each zone, with its labels, its room for pods and its price.

Made once for a stack and asked often: which offers a workload may go to is remembered. Daemons are on every node that
they select, tolerate and fit on: the largest first, as no order is known in which they come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from infra.cost.allocatable import allocatable
from infra.cost.node_labels import labels_of
from infra.cost.scheduling import HOSTNAME, selects, tolerates
from infra.cost.types import NodeType, Pool, Resources, Workload

Price = Callable[[Pool, NodeType], Fraction | None]
"""Dollars an hour of a node; None where the price book has none: such a node is bought last."""
UNASKED: Final = Resources(100, 200 * 2**20)
"""What kube-scheduler counts, when it compares nodes, for a pod that asks for none."""


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """A kind of node that may be bought: a type of a pool in a zone. `index`: the cheapest is 0."""

    index: int
    pool: Pool
    type: NodeType
    zone: str
    labels: Mapping[str, str]
    price: Fraction | None
    whole: Resources  # all that is allocatable
    room: Resources  # without what the daemons take
    scored: Resources  # the same as kube-scheduler counts it when it compares nodes
    max_pods: int
    daemons: tuple[Workload, ...] = ()

    @property
    def taints(self) -> Sequence[Mapping[str, str]]:
        """Of its nodes."""
        return self.pool.taints

    def has(self, key: str) -> bool:
        """Whether its nodes carry a label."""
        return key in self.labels or key == HOSTNAME


class Offers:
    """All offers of some pools, the cheapest first; nodes without a price last."""

    def __init__(self, pools: Sequence[Pool], price: Price, daemons: Sequence[Workload] = ()) -> None:
        self.pools = tuple(pools)
        in_order = sorted(_offers(pools, price, _largest_first(daemons)), key=_cheapest_first)
        self.all = tuple(replace(offer, index=index) for index, offer in enumerate(in_order))
        self.keys = frozenset(key for offer in self.all for key in offer.labels) | {HOSTNAME}
        self._possible: dict[Workload, tuple[Offer, ...]] = {}
        self._counted: dict[tuple[Workload, bool, bool], tuple[Offer, ...]] = {}

    def possible(self, workload: Workload) -> tuple[Offer, ...]:
        """Those on whose empty nodes one of its pods may run."""
        if workload not in self._possible:
            self._possible[workload] = tuple(offer for offer in self.all if _is_possible(workload, offer))
        return self._possible[workload]

    def counted(self, workload: Workload, rule: Mapping[str, Any]) -> tuple[Offer, ...]:
        """Those of whose nodes a spread constraint takes notice: full, small and (as a rule) tainted ones, too."""
        key = workload, rule.get("nodeAffinityPolicy") != "Ignore", rule.get("nodeTaintsPolicy") == "Honor"
        if key not in self._counted:
            _, by_labels, by_taints = key
            spec = workload.shape.spec
            self._counted[key] = tuple(
                offer
                for offer in self.all
                if (not by_labels or selects(spec, offer.labels)) and (not by_taints or tolerates(spec, offer.taints))
            )
        return self._counted[key]

    def first_of(self, pool: Pool) -> tuple[Offer, ...]:
        """What a pool buys first: its cheapest type, in each zone; nothing for a pool without types or zones."""
        mine = [offer for offer in self.all if offer.pool is pool]
        return tuple(offer for offer in mine if offer.type is mine[0].type)

    def why_none(self, workload: Workload) -> str:
        """Why pods fit nowhere, with numbers where it is a matter of size."""
        if self.possible(workload):
            return "the pools that it may use are at their max_nodes, or its spread rules forbid one more"
        fitting = [offer for offer in self.all if may_go(workload, offer)]
        if not fitting:
            return "no pool has the labels that it selects and taints that it tolerates"
        need = workload.shape.requests
        names = ", ".join(sorted({f"{o.type.name} ({o.room.cpu_m}m, {o.room.memory_bytes} bytes)" for o in fitting}))
        asked = f"{need.cpu_m}m, {need.memory_bytes} bytes, {need.gpus} GPUs"
        return f"it needs {asked}: more than is left for pods on {names}"


def may_go(workload: Workload, offer: Offer) -> bool:
    """Whether labels and taints allow it."""
    spec = workload.shape.spec
    return selects(spec, offer.labels) and tolerates(spec, offer.taints)


def _offers(pools: Sequence[Pool], price: Price, daemons: Sequence[Workload]) -> Iterator[Offer]:
    for pool in pools:
        for node in pool.types:
            cost, whole = price(pool, node), allocatable(node)
            for zone in pool.zones:
                labels = labels_of(pool, node, zone)
                empty = Offer(0, pool, node, zone, labels, cost, whole, whole, whole, node.max_pods)
                yield _with_daemons(empty, daemons)


def _with_daemons(offer: Offer, daemons: Sequence[Workload]) -> Offer:
    room = scored = offer.whole
    there: list[Workload] = []
    for daemon in daemons:
        need = daemon.shape.requests
        if len(there) < offer.max_pods and need.fits(room) and may_go(daemon, offer):
            there.append(daemon)
            room, scored = _less(room, need), _less(scored, as_scored(need))
    return replace(offer, room=room, scored=scored, max_pods=offer.max_pods - len(there), daemons=tuple(there))


def as_scored(need: Resources) -> Resources:
    """What kube-scheduler counts for a pod when it compares nodes."""
    return replace(need, cpu_m=need.cpu_m or UNASKED.cpu_m, memory_bytes=need.memory_bytes or UNASKED.memory_bytes)


def _less(whole: Resources, taken: Resources) -> Resources:
    return Resources(
        whole.cpu_m - taken.cpu_m,
        whole.memory_bytes - taken.memory_bytes,
        whole.gpus - taken.gpus,
        whole.ephemeral_bytes - taken.ephemeral_bytes,
    )


def _largest_first(daemons: Sequence[Workload]) -> list[Workload]:
    def size(daemon: Workload) -> tuple[int, int, int, int]:
        need = daemon.shape.requests
        return -daemon.shape.priority, -need.gpus, -need.cpu_m, -need.memory_bytes

    return sorted(daemons, key=size)


def _cheapest_first(offer: Offer) -> tuple[bool, Fraction, int, int, str, str]:
    size, price = offer.type, offer.price
    return (price is None, price or Fraction(0), size.cpu_m, size.memory_bytes, offer.pool.name, size.name)


def _is_possible(workload: Workload, offer: Offer) -> bool:
    return workload.shape.requests.fits(offer.room) and offer.max_pods > 0 and may_go(workload, offer)
