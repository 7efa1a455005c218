"""Rules between pods while nodes are filled: topology spread, and required affinity and anti-affinity.

Holds how many pods of which workload are in which zone and on which node; says whether one more may go to a node.
Topologies other than zone and host name are not modelled: such a constraint is reported by `not_modelled`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.cost.scheduling import HOSTNAME, ZONE, attractions, means, refusals, spread_rules
from infra.cost.types import Workload
from policies.label_selectors import matches


def is_bound(workload: Workload) -> bool:
    """Whether its pods care where other pods are."""
    spec = workload.shape.spec
    return bool(spread_rules(spec) or refusals(spec) or attractions(spec))


def not_modelled(workload: Workload) -> list[str]:
    """Topology keys of its rules that this engine does not know."""
    spec = workload.shape.spec
    keys = [rule.get("topologyKey") for rule in [*spread_rules(spec), *refusals(spec), *attractions(spec)]]
    return sorted({str(key) for key in keys if key not in (ZONE, HOSTNAME)})


@dataclass(slots=True)
class Neighbours:
    """Pods by workload and domain: a zone, or the number of a node."""

    zones: Sequence[str]
    placed: dict[Workload, Counter[tuple[str, Any]]] = field(default_factory=dict)
    _refusals: list[tuple[Workload, Mapping[str, Any]]] = field(default_factory=list)

    def add(self, workload: Workload, zone: str, node: int, count: int) -> None:
        """Pods have come to a node."""
        if workload not in self.placed:
            self.placed[workload] = Counter()
            self._refusals += [(workload, term) for term in refusals(workload.shape.spec)]
        counts = self.placed[workload]
        counts[ZONE, zone] += count
        counts[HOSTNAME, node] += count

    def in_zone(self, workload: Workload, zone: str) -> int:
        """How many pods of the workload are in a zone."""
        return self.placed.get(workload, Counter())[ZONE, zone]

    def is_refused_by_others(self, workload: Workload) -> bool:
        """Whether a pod that is there may refuse this workload's pods: anti-affinity counts for both sides."""
        return any(
            means(term, other.namespace, workload.namespace, workload.shape.labels) for other, term in self._refusals
        )

    def allows(self, workload: Workload, zone: str, node: int, nodes: Iterable[int]) -> bool:
        """Whether one more pod may go to this node. `nodes`: all that the pod could go to, for spread over hosts."""
        domain = {ZONE: zone, HOSTNAME: node}
        spec = workload.shape.spec
        return (
            all(self._is_even(rule, workload, domain, nodes) for rule in spread_rules(spec))
            and not any(self._count(term, workload, domain) for term in refusals(spec))
            and not self._is_refused(workload, domain)
            and all(self._is_attracted(term, workload, domain) for term in attractions(spec))
        )

    def _is_even(
        self, rule: Mapping[str, Any], workload: Workload, domain: Mapping[str, Any], nodes: Iterable[int]
    ) -> bool:
        key = str(rule.get("topologyKey"))
        if key not in domain:
            return True
        selector = rule.get("labelSelector")
        mine = [other for other in self.placed if _selects(selector, workload, other)]
        domains = self.zones if key == ZONE else {*nodes, domain[HOSTNAME]}
        counts = {each: sum(self.placed[other][key, each] for other in mine) for each in domains}
        counts.setdefault(domain[key], 0)
        is_self = int(matches(selector, workload.shape.labels))
        return counts[domain[key]] + is_self - min(counts.values()) <= int(rule.get("maxSkew", 1))

    def _count(self, term: Mapping[str, Any], owner: Workload, domain: Mapping[str, Any]) -> int:
        key = str(term.get("topologyKey"))
        if key not in domain:
            return 0
        meant = [other for other in self.placed if means(term, owner.namespace, other.namespace, other.shape.labels)]
        return sum(self.placed[other][key, domain[key]] for other in meant)

    def _is_refused(self, workload: Workload, domain: Mapping[str, Any]) -> bool:
        return any(
            self.placed[other][term["topologyKey"], domain[term["topologyKey"]]]
            for other, term in self._refusals
            if term.get("topologyKey") in domain
            and means(term, other.namespace, workload.namespace, workload.shape.labels)
        )

    def _is_attracted(self, term: Mapping[str, Any], workload: Workload, domain: Mapping[str, Any]) -> bool:
        """The first pod of a group that is attracted by itself may go anywhere."""
        if term.get("topologyKey") not in domain or self._count(term, workload, domain):
            return True
        is_own = means(term, workload.namespace, workload.namespace, workload.shape.labels)
        exists = any(
            sum(counts.values())
            for other, counts in self.placed.items()
            if means(term, workload.namespace, other.namespace, other.shape.labels)
        )
        return is_own and not exists


def _selects(selector: Any, workload: Workload, other: Workload) -> bool:
    return workload.namespace == other.namespace and matches(selector, other.shape.labels)
