"""Packing as one would write it without a thought for speed: every pod asks every node, every rule counts all pods.

Written after kube-scheduler's own plugins, pod by pod; of the engine it takes what is tested by itself: offers, labels,
taints and selectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.cost.offers import Offer, Offers, as_scored
from infra.cost.scheduling import (
    HOSTNAME,
    attractions,
    means_namespace,
    pod_labels,
    refusals,
    selector,
    selects,
    spread_rules,
    tolerates,
)
from infra.cost.types import Resources, Workload
from kube.label_selectors import matches


@dataclass
class Node:
    """With its pods in the order in which they came."""

    number: int
    offer: Offer
    pods: list[Workload] = field(default_factory=list)

    def label(self, key: str) -> str | None:
        return str(self.number) if key == HOSTNAME else self.offer.labels.get(key)

    def used(self) -> Resources:
        return sum((each.shape.requests for each in (*self.offer.daemons, *self.pods)), start=Resources())

    def has_room(self, pod: Workload) -> bool:
        num_pods = len(self.pods) + len(self.offer.daemons)
        return num_pods < self.offer.type.max_pods and (self.used() + pod.shape.requests).fits(self.offer.whole)

    def score(self, pod: Workload) -> int:
        everybody = (*self.offer.daemons, *self.pods, pod)
        used = sum((as_scored(each.shape.requests) for each in everybody), start=Resources())
        whole = self.offer.whole
        cpu = min(used.cpu_m, whole.cpu_m) * 100 // whole.cpu_m
        return (cpu + min(used.memory_bytes, whole.memory_bytes) * 100 // whole.memory_bytes) // 2


class Cluster:
    """Nodes and the autoscaler that buys them."""

    def __init__(self, offers: Offers) -> None:
        self.offers = offers
        self.nodes: list[Node] = []
        for pool in offers.pools:
            firsts = offers.first_of(pool)
            for number in range(pool.min_nodes if firsts else 0):
                self.nodes.append(Node(len(self.nodes), firsts[number % len(firsts)]))

    def place(self, pod: Workload) -> bool:
        """On the fullest node that it may go to, else on the cheapest that may be bought."""
        there = [node for node in self.nodes if node.has_room(pod) and self._may_go(pod, node, self.nodes)]
        if there:
            max(there, key=lambda node: (node.score(pod), -node.number)).pods.append(pod)
            return True
        bought = Counter(node.offer.pool.name for node in self.nodes)
        in_zone = Counter(node.offer.zone for node in self.nodes for each in node.pods if each is pod)
        choice: list[tuple[int, int, Node]] = []
        kinds: dict[tuple[str, str], int] = {}
        for offer in self.offers.all:
            new = Node(len(self.nodes), offer)
            kinds.setdefault((offer.pool.name, offer.type.name), offer.index)
            is_full = offer.pool.max_nodes is not None and bought[offer.pool.name] >= offer.pool.max_nodes
            if not is_full and new.has_room(pod) and self._may_go(pod, new, [*self.nodes, new]):
                choice.append((kinds[offer.pool.name, offer.type.name], in_zone[offer.zone], new))
        if not choice:
            return False
        cheapest = min(kind for kind, _, _ in choice)
        node = min((each for each in choice if each[0] == cheapest), key=lambda each: each[1])[2]
        self.nodes.append(node)
        node.pods.append(pod)
        return True

    def _may_go(self, pod: Workload, node: Node, nodes: Sequence[Node]) -> bool:
        spec = pod.shape.spec
        if not selects(spec, node.offer.labels) or not tolerates(spec, node.offer.taints):
            return False
        rules = spread_rules(spec)
        return (
            all(self._is_even(pod, node, nodes, rule, rules) for rule in rules)
            and not _is_refused(pod, node, nodes)
            and _is_attracted(pod, node, nodes)
        )

    def _is_even(
        self,
        pod: Workload,
        node: Node,
        nodes: Sequence[Node],
        rule: Mapping[str, Any],
        rules: Sequence[Mapping[str, Any]],
    ) -> bool:
        spec, key, wanted = pod.shape.spec, rule["topologyKey"], selector(rule, pod_labels(pod))
        counts: Counter[str] = Counter()
        for each in nodes:
            if rule.get("nodeAffinityPolicy") != "Ignore" and not selects(spec, each.offer.labels):
                continue
            if rule.get("nodeTaintsPolicy") == "Honor" and not tolerates(spec, each.offer.taints):
                continue
            if any(each.label(other["topologyKey"]) is None for other in rules):
                continue
            meant = [p for p in each.pods if p.namespace == pod.namespace and matches(wanted, pod_labels(p))]
            counts[str(each.label(key))] += len(meant)
        if key != HOSTNAME:  # zones that have no node yet
            for offer in self.offers.possible(pod):
                counts[offer.labels[key]] += 0
        value = node.label(key)
        least = min(counts.values()) if len(counts) >= (rule.get("minDomains") or 1) else 0
        return value is not None and counts[value] + matches(wanted, pod_labels(pod)) - least <= rule["maxSkew"]


def _means(owner: Workload, term: Mapping[str, Any], other: Workload) -> bool:
    is_there = means_namespace(term, owner.namespace, other.namespace)
    return is_there and matches(selector(term, pod_labels(owner)), pod_labels(other))


def _is_refused(pod: Workload, node: Node, nodes: Sequence[Node]) -> bool:
    """By its own terms, or by those of a pod that is there."""
    for each in nodes:
        for other in each.pods:
            pairs = [(term, _means(pod, term, other)) for term in refusals(pod.shape.spec)]
            pairs += [(term, _means(other, term, pod)) for term in refusals(other.shape.spec)]
            for term, is_meant in pairs:
                if is_meant and each.label(term["topologyKey"]) == node.label(term["topologyKey"]):
                    return True
    return False


def _is_attracted(pod: Workload, node: Node, nodes: Sequence[Node]) -> bool:
    """Every term by a pod that all terms mean; the first of a group that means itself may go anywhere."""
    terms = attractions(pod.shape.spec)
    meant = [(each, p) for each in nodes for p in each.pods if all(_means(pod, term, p) for term in terms)]
    if not meant and all(_means(pod, term, pod) for term in terms):
        return True
    return all(
        any(each.label(term["topologyKey"]) == node.label(term["topologyKey"]) for each, _ in meant) for term in terms
    )
