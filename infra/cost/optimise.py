"""The cheapest node types for a stack's pools on which every pod still fits, proven by packing.

Pools keep what is a decision of another kind: name, zones, labels, taints, capacity, least and most nodes, and the GPU
products and processors that they have now (another GPU is another speed, another processor another image); burstable
machines come only where there are some. Only types change. What is dearest all month is never made dearer, either:
typical goes down, high does not go up.

The search goes pool by pool and starts anew until no pool gets cheaper. For one pool it tries each type of a short list
alone, then pairs of the best. On the list is what no other type beats in price and size, and of that what the pods that
are there now would cost least on, by a bound, and the cheapest for each of them. So it is no proof that nothing is
cheaper; it is one that what it says fits and what it costs. `MAX_TRIALS` bounds it, fewer for many pods: each trial
packs each number of replicas of the week, at most three times as many as the week has pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import Final

from infra.cost.estimate import node_cents
from infra.cost.hints import kind_of, least_nodes
from infra.cost.market import HourPrices, Market, Packer
from infra.cost.money import Range
from infra.cost.months import months
from infra.cost.offers import Offer, Offers
from infra.cost.scenarios import Scenario
from infra.cost.types import Demand, NodeType, Pool, Resources, Workload

MAX_TRIALS: Final = 150
MIN_TRIALS: Final = 12
PODS_PACKED: Final = 100_000
"""All trials together pack about so many pods at their most, if that leaves the least number of trials."""
SHORT_LIST: Final = 6
PAIRED: Final = 3
"""So many of the best types alone are tried in pairs."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Pools that were packed: what their nodes cost a month, how many pods fit nowhere, and the first of them."""

    pools: tuple[Pool, ...]
    cost: Range
    num_unplaced: int
    num_without_price: int
    why: str = ""

    @property
    def order(self) -> tuple[int, int, int, int, int, tuple[tuple[str, ...], ...]]:
        """The best first; of equals the one with the fewest types."""
        names = tuple(tuple(node.name for node in pool.types) for pool in self.pools)
        cents = self.cost.typical_cents, self.cost.high_cents
        return (self.num_unplaced, self.num_without_price, *cents, sum(map(len, names)), names)


@dataclass(frozen=True, slots=True)
class Optimisation:
    """What the stack has now and what would be cheaper; the same where nothing is."""

    now: Trial
    best: Trial
    next_best: Trial | None  # that fits, too
    too_small: Trial | None  # the cheapest that does not fit, where it would be cheaper
    num_trials: int
    is_whole: bool  # False where the bound ended the search

    @property
    def saving(self) -> Range:
        """A month, of nodes."""
        return self.now.cost - self.best.cost

    @property
    def changes(self) -> tuple[tuple[Pool, Pool], ...]:
        """The pools that change, before and after."""
        pairs = zip(self.now.pools, self.best.pools, strict=True)
        return tuple((before, after) for before, after in pairs if before.types != after.types)


def optimise(demand: Demand, market: Market, candidates: Sequence[NodeType]) -> Optimisation:
    """`candidates`: what may be bought; those of other providers, and those without a price, are left out."""
    search = _Search(demand, market, candidates)
    best = search.run()
    now = search.now
    others = [each for each in search.trials if each is not best]
    fitting = [each for each in others if each.num_unplaced <= best.num_unplaced and _is_allowed(each, now)]
    small = [each for each in others if each.num_unplaced > best.num_unplaced and _is_cheaper(each, best)]
    return Optimisation(
        now=now,
        best=best,
        next_best=min(fitting, key=lambda each: each.order, default=None),
        too_small=min(small, key=lambda each: each.cost.typical_cents, default=None),
        num_trials=len(search.trials),
        is_whole=search.is_whole,
    )


def _is_allowed(trial: Trial, now: Trial) -> bool:
    """What makes more pods fit, or costs no more when it is dearest."""
    if (trial.num_unplaced, trial.num_without_price) != (now.num_unplaced, now.num_without_price):
        return (trial.num_unplaced, trial.num_without_price) < (now.num_unplaced, now.num_without_price)
    return trial.cost.high_cents <= now.cost.high_cents


def _is_cheaper(one: Trial, other: Trial) -> bool:
    return one.cost.typical_cents < other.cost.typical_cents


class _Search:
    """Trials, each made once."""

    def __init__(self, demand: Demand, market: Market, candidates: Sequence[NodeType]) -> None:
        self._demand, self._market, self._candidates = demand, market, candidates
        self._known: dict[tuple[tuple[str, ...], ...], Trial] = {}
        num_pods = sum(workload.max_replicas for workload in demand.workloads)
        self._most = min(MAX_TRIALS, max(MIN_TRIALS, PODS_PACKED // max(num_pods, 1)))
        self.is_whole = True
        self.now = self._try(market.settings.pools)

    @property
    def trials(self) -> list[Trial]:
        """All, in the order in which they were made."""
        return list(self._known.values())

    def run(self) -> Trial:
        """The best that there is by changing one pool after the other."""
        best, before = self.now, None
        while best is not before and self.is_whole:
            before = best
            for index in range(len(best.pools)):
                best = self._improve(best, index)
        return best

    def _improve(self, best: Trial, index: int) -> Trial:
        """The best set of types for one pool, all others as they are."""
        pool = best.pools[index]
        alone = [self._with(best, index, (node,)) for node in self._short_list(pool)]
        tried = sorted((each for each in alone if each), key=lambda each: each.order)
        types = [each.pools[index].types[0] for each in tried[:PAIRED]] + list(pool.types)
        unique = list({node.name: node for node in types}.values())
        pairs = [self._with(best, index, pair) for pair in combinations(unique, 2)]
        found = [best, *tried, *(each for each in pairs if each)]
        return min((each for each in found if _is_allowed(each, self.now)), key=lambda each: each.order)

    def _with(self, trial: Trial, index: int, types: tuple[NodeType, ...]) -> Trial | None:
        pools = list(trial.pools)
        pools[index] = replace(pools[index], types=types)
        if len(self._known) >= self._most and _key(pools) not in self._known:
            self.is_whole = False
            return None
        return self._try(tuple(pools))

    def _try(self, pools: tuple[Pool, ...]) -> Trial:
        key = _key(pools)
        if key not in self._known:
            self._known[key] = _trial(self._demand, self._market, pools)
        return self._known[key]

    def _short_list(self, pool: Pool) -> list[NodeType]:
        """Of the types that the pool may have, those that are worth a trial."""
        offers = self._unbeaten(pool)
        needs = [(workload, max(workload.max_replicas, 1)) for workload in self._demand.workloads]
        mine = [entry for entry in needs if any(_may_go(offers, offer, entry[0]) for offer in offers.all)]
        ranked: list[Offer] = []
        for workload, _ in mine:
            ranked += [offer for offer in offers.all if _may_go(offers, offer, workload)][:1]
        bounds = [(bound, offer) for offer in offers.all if (bound := _bound(offers, offer, mine)) is not None]
        cheapest = [offer for _, offer in sorted(bounds, key=lambda entry: (entry[0], entry[1].index))]
        found = dict.fromkeys(offer.type for offer in [*cheapest[: SHORT_LIST // 2], *ranked, *cheapest])
        return list(found)[:SHORT_LIST]

    def _unbeaten(self, pool: Pool) -> Offers:
        """Offers in one zone of the types that no other beats."""
        price = HourPrices(self._market, Scenario.TYPICAL)
        types = tuple(node for node in _alike(pool, self._candidates) if self._has_prices(pool, node))
        whole = Offers([replace(pool, types=types, zones=pool.zones[:1])], price, self._demand.daemons)
        allowed = {
            offer: frozenset(each for each in self._demand.workloads if _may_go(whole, offer, each))
            for offer in whole.all
        }
        kept: list[Offer] = []
        for offer in whole.all:  # the cheapest first: only what comes before can beat it
            if not any(_beats(other, offer) and allowed[other] >= allowed[offer] for other in kept):
                kept.append(offer)
        unbeaten = tuple(offer.type for offer in kept)
        return Offers([replace(pool, types=unbeaten, zones=pool.zones[:1])], price, self._demand.daemons)

    def _has_prices(self, pool: Pool, node: NodeType) -> bool:
        return all(HourPrices(self._market, scenario)(pool, node) is not None for scenario in Scenario)


def _trial(demand: Demand, market: Market, pools: tuple[Pool, ...]) -> Trial:
    """Pods that fit nowhere: in the worst of all packings."""
    changed = replace(market, settings=replace(market.settings, pools=pools))
    found = months(demand, changed, Packer(demand, changed))
    worst = max(
        (packing for month in found.values() for packing in month.packings),
        key=lambda packing: sum(count for _, count, _ in packing.unplaced),
    )
    cents = [node_cents(found, scenario) for scenario in Scenario]
    first = next((f"{count} of {workload.id}: {why}" for workload, count, why in worst.unplaced), "")
    without = {key for month in found.values() for key in month.costs.without_price}
    return Trial(pools, Range(*cents), sum(count for _, count, _ in worst.unplaced), len(without), first)


def _alike(pool: Pool, candidates: Sequence[NodeType]) -> Iterator[NodeType]:
    """The pool's own types, and those that can stand in for them: same provider, processor and GPU."""
    kinds = {kind_of(node) for node in pool.types}
    known = {node.name: node for node in candidates} | {node.name: node for node in pool.types}
    yield from (node for node in known.values() if kind_of(node) in kinds)


def _beats(one: Offer, other: Offer) -> bool:
    return other.room.fits(one.room) and one.max_pods >= other.max_pods


def _may_go(offers: Offers, offer: Offer, workload: Workload) -> bool:
    return offer in offers.possible(workload)


def _bound(offers: Offers, offer: Offer, needs: Sequence[tuple[Workload, int]]) -> Fraction | None:
    """What the pods cost at least on this type alone; None where one of them does not fit."""
    if offer.price is None or not needs or not all(_may_go(offers, offer, workload) for workload, _ in needs):
        return None
    counts: list[tuple[Resources, int]] = [(workload.shape.requests, count) for workload, count in needs]
    return offer.price * least_nodes(counts, offer.room)


def _key(pools: Sequence[Pool]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(sorted(node.name for node in pool.types)) for pool in pools)
