"""Plays the autoscaler of one stack: buys what packing would buy, and lets the real kube-scheduler place every pod.

Pods come one by one, in packing's order. One that is refused gets the node that packing's shop chooses, and must go
there. What packing holds for impossible because of rules between pods is tried, too: with a node in each zone.

Three things are arranged because an API server has no order between kinds of objects:

- daemons' pods are bound to a node's name before the node exists, and the waiting pod is created anew after them;
- a barrier, a node of which one pod asks, tells that the scheduler has seen all nodes created or deleted before;
- zones without a node are known from placeholders: nodes without any room, labelled as the one that could be bought.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra.cost.offers import Offer, Offers
from infra.cost.packing import Shop, in_order
from infra.cost.scheduling import HOSTNAME, spread_rules
from infra.cost.spread import Neighbours, Rules
from infra.cost.types import Workload
from tests.conformance.fleet import objects
from tests.conformance.fleet.client import Client, Undecided
from tests.conformance.fleet.control_plane import LOTS
from tests.conformance.fleet.stacks import Stack

NODES, PODS = "/api/v1/nodes", "/api/v1/namespaces/{}/pods"


@dataclass(slots=True)
class Outcome:
    """Used nodes by pool and type, pods without a place by workload, and what the scheduler did against packing."""

    nodes: Counter[tuple[str, str]] = field(default_factory=Counter)
    unplaced: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    num_pods: int = 0


class Autoscaler:
    """One stack, from its first node to its last pod."""

    def __init__(self, client: Client, stack: Stack, scheduler: str = LOTS) -> None:
        self._client, self._stack, self._scheduler = client, stack, scheduler
        self._offers = Offers(stack.pools, stack.price, stack.daemons)
        self._neighbours = Neighbours()
        self._shop = Shop(self._offers, self._neighbours)
        self._numbers: dict[str, int] = {}
        self._names = (f"{stack.name}-x{number}" for number in itertools.count())
        self._placeholders: list[str] = []
        self._outcome = Outcome()
        self._used: set[int] = set()

    async def play(self) -> Outcome:
        """All pods; leaves nothing behind."""
        stack = self._stack
        for namespace in stack.namespaces:
            await self._client.create("/api/v1/namespaces", {"metadata": {"name": namespace}}, or_keep=True)
        try:
            for offer in self._shop.at_first():
                await self._buy(offer)
            await self._barrier()
            for workload, count in in_order(stack.replicas):
                await self._place_all(workload, count)
        except Undecided as error:
            self._outcome.surprises.append(str(error))
        finally:
            for namespace in stack.namespaces:
                await self._client.delete(PODS.format(namespace))
            await self._client.delete(NODES, labelSelector=f"{objects.STACK}={stack.name}")
        for number in self._used:
            offer = self._neighbours.nodes[number]
            self._outcome.nodes[offer.pool.name, offer.type.name] += 1
        return self._outcome

    async def _place_all(self, workload: Workload, count: int) -> None:
        await self._show_zones(workload)
        for number in range(count):
            self._outcome.num_pods += 1
            if not await self._place(workload, f"{workload.name}-{number}"):
                self._outcome.unplaced[workload.id] += count - number
                return

    async def _place(self, workload: Workload, name: str) -> bool:
        await self._create(workload, name)
        node = await self._client.decision(workload.namespace, name)
        if node is None:
            rules = Rules(workload, self._neighbours, self._offers)
            kinds = [offer for offer in self._offers.possible(workload) if rules.allows_kind(offer)]
            offer = self._shop.choose(workload, kinds) if rules.allows_new() else None
            if offer is None:
                await self._try_anyway(workload, name)
                await self._remove(workload, name)
                return False
            name = await self._buy(offer, workload, name)
            node = await self._client.bound(workload.namespace, name)
        number = self._numbers[node]
        self._used.add(number)
        self._neighbours.add(workload, number, 1)
        return True

    async def _buy(self, offer: Offer, workload: Workload | None = None, waiting: str = "") -> str:
        """A node with its daemons on it; returns the name of the pod that waits for it."""
        number = len(self._numbers)
        name = self._next_name()
        self._numbers[name] = number
        daemons = offer.daemons
        for daemon in daemons:
            pod = objects.pod(daemon, f"{daemon.name}-{number}", node=name)
            await self._client.create(PODS.format(daemon.namespace), pod)
        if workload and daemons:
            waiting = await self._again(workload, waiting)
        if not workload:
            await self._barrier()
        self._shop.buy(offer)
        await self._client.create(NODES, objects.bought(offer, self._stack.name, name, number))
        return waiting

    async def _again(self, workload: Workload, name: str) -> str:
        """A pod that is refused anew: the scheduler has then seen all pods that were created before."""
        await self._remove(workload, name)
        name = f"{name}-again"
        await self._create(workload, name)
        if await self._client.decision(workload.namespace, name):
            raise Undecided(f"{workload.id} found room while its node was bought")
        return name

    async def _show_zones(self, workload: Workload) -> None:
        """Placeholders for what spread rules compare: a kind of node that could be bought for each value."""
        rules = spread_rules(workload.shape.spec)
        for name in self._placeholders:
            await self._client.delete(f"{NODES}/{name}")
        was_there, self._placeholders = bool(self._placeholders), []
        for offer in _one_of_each(self._offers.possible(workload), rules):
            name = next(self._names)
            host = self._host(workload, rules)
            await self._client.create(NODES, objects.placeholder(offer, self._stack.name, name, host))
            self._placeholders.append(name)
        if self._placeholders or was_there:
            await self._barrier()

    def _host(self, workload: Workload, rules: Sequence[Mapping[str, object]]) -> str:
        """A host that such rules compare anyway; the one that is bought next if there is none."""
        for rule in rules:
            if rule.get("topologyKey") == HOSTNAME:
                counted = {offer.index for offer in self._offers.counted(workload, rule)}
                for name, number in self._numbers.items():
                    if self._neighbours.nodes[number].index in counted:
                        return name
        return self._next_name()

    async def _try_anyway(self, workload: Workload, name: str) -> None:
        """Rules between pods are said to forbid every node: with one more of each zone it must still be refused."""
        may_buy = [offer for offer in self._offers.possible(workload) if self._shop.may_buy(offer)]
        if not may_buy:
            return
        zones = {offer.zone: offer for offer in reversed(may_buy)}
        trials = [next(self._names) for _ in zones]
        for trial, offer in zip(trials, zones.values(), strict=True):
            await self._client.create(NODES, objects.bought(offer, self._stack.name, trial, len(self._numbers)))
        await self._barrier()
        again = f"{name}-anyway"
        await self._create(workload, again)
        if node := await self._client.decision(workload.namespace, again):
            self._outcome.surprises.append(f"{workload.id}: packing finds no place, kube-scheduler {node}")
        await self._remove(workload, again)
        for trial in trials:
            await self._client.delete(f"{NODES}/{trial}")
        await self._barrier()

    async def _barrier(self) -> None:
        name, namespace = next(self._names), self._stack.namespaces[0]
        await self._client.create(NODES, objects.barrier_node(name))
        await self._client.create(PODS.format(namespace), objects.barrier_pod(namespace, name))
        await self._client.bound(namespace, name)
        await self._client.delete(f"{PODS.format(namespace)}/{name}")
        await self._client.delete(f"{NODES}/{name}")

    def _next_name(self) -> str:
        return f"{self._stack.name}-n{len(self._numbers)}"

    async def _create(self, workload: Workload, name: str) -> None:
        await self._client.create(
            PODS.format(workload.namespace), objects.pod(workload, name, scheduler=self._scheduler)
        )

    async def _remove(self, workload: Workload, name: str) -> None:
        await self._client.delete(f"{PODS.format(workload.namespace)}/{name}")


def _one_of_each(offers: Sequence[Offer], rules: Sequence[Mapping[str, object]]) -> Iterator[Offer]:
    """So that each value of each label that the rules compare is there once."""
    keys = [str(rule.get("topologyKey")) for rule in rules if rule.get("topologyKey") != HOSTNAME]
    seen: set[tuple[str, str]] = set()
    for offer in offers:
        values = {(key, offer.labels[key]) for key in keys if key in offer.labels}
        if not values <= seen:
            seen |= values
            yield offer
