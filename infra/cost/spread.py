"""Rules between pods while nodes are filled: topology spread, and required affinity and anti-affinity.

`Neighbours` knows how many pods of which workload are in which zone and on which node. `Rules` are those of one
workload while its pods are placed: made once of what is there, then kept up to date with each pod, so that asking costs
nothing. Topologies other than zone and host name are not modelled: such a constraint is reported by `not_modelled`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.cost.scheduling import HOSTNAME, ZONE, attractions, means, refusals, spread_rules
from infra.cost.types import Workload
from policies.label_selectors import matches

Term = Mapping[str, Any]
Domain = str | int
"""A zone, or the number of a node."""


def is_bound(workload: Workload) -> bool:
    """Whether its pods care where other pods are."""
    spec = workload.shape.spec
    return bool(spec) and bool(spread_rules(spec) or refusals(spec) or attractions(spec))


def not_modelled(workload: Workload) -> list[str]:
    """Topology keys of its rules that this engine does not know."""
    spec = workload.shape.spec
    keys = [rule.get("topologyKey") for rule in [*spread_rules(spec), *refusals(spec), *attractions(spec)]]
    return sorted({str(key) for key in keys if key not in (ZONE, HOSTNAME)})


@dataclass(slots=True)
class Neighbours:
    """Pods by workload and domain."""

    placed: dict[Workload, Counter[tuple[str, Domain]]] = field(default_factory=dict)
    _refusing: list[tuple[Workload, Term]] = field(default_factory=list)
    _by_label: dict[tuple[str, str], list[Workload]] = field(default_factory=dict)

    def add(self, workload: Workload, zone: str, node: int, count: int) -> None:
        """Pods have come to a node."""
        counts = self.placed.get(workload)
        if counts is None:
            counts = self.placed[workload] = Counter()
            self._refusing += [(workload, term) for term in refusals(workload.shape.spec)]
            for label in workload.shape.labels.items():
                self._by_label.setdefault(label, []).append(workload)
        counts[ZONE, zone] += count
        counts[HOSTNAME, node] += count

    def in_zone(self, workload: Workload, zone: str) -> int:
        """How many pods of the workload are in a zone."""
        counts = self.placed.get(workload)
        return counts[ZONE, zone] if counts else 0

    def refusing(self, workload: Workload) -> list[tuple[Workload, Term]]:
        """Whose pods, by which terms, refuse this workload's pods: anti-affinity counts for both sides."""
        labels, namespace = workload.shape.labels, workload.namespace
        return [(other, term) for other, term in self._refusing if means(term, other.namespace, namespace, labels)]

    def meant(self, selector: Any) -> list[Workload]:
        """The placed workloads, of all namespaces, that a selector matches."""
        wanted = selector.get("matchLabels") if isinstance(selector, Mapping) else None
        among: Iterable[Workload] = self.placed
        if isinstance(wanted, Mapping) and wanted:
            among = _fewest([self._by_label.get((str(key), str(value)), []) for key, value in wanted.items()])
        return [other for other in among if matches(selector, other.shape.labels)]

    def meant_by(self, term: Term, namespace: str) -> list[Workload]:
        """The placed workloads that an affinity term of a pod in `namespace` speaks of."""
        found = self.meant(term.get("labelSelector"))
        return [other for other in found if means(term, namespace, other.namespace, other.shape.labels)]

    def pods(self, workloads: Iterable[Workload], key: str) -> Counter[Domain]:
        """How many pods of these workloads are in each domain of one kind."""
        counts: Counter[Domain] = Counter()
        for workload in workloads:
            for (of, domain), count in self.placed[workload].items():
                if of == key:
                    counts[domain] += count
        return counts


def _fewest(lists: Sequence[list[Workload]]) -> list[Workload]:
    return min(lists, key=len)


@dataclass(slots=True)
class _Even:
    """One spread constraint: the pods that it counts, by domain."""

    key: str
    max_skew: int
    counts: Counter[Domain]
    is_self: bool

    def least(self, domains: Iterable[Domain]) -> int:
        return min((self.counts[each] for each in domains), default=0)


class Rules:
    """What one workload's pods, and those that are there, ask of the next node. `zones`: all that it could be in."""

    def __init__(self, workload: Workload, neighbours: Neighbours, zones: Sequence[str]) -> None:
        spec, labels, namespace = workload.shape.spec, workload.shape.labels, workload.namespace
        self._zones = tuple(dict.fromkeys(zones))
        self._even = []
        for rule in spread_rules(spec):
            key, selector = str(rule.get("topologyKey")), rule.get("labelSelector")
            if key in (ZONE, HOSTNAME):
                mine = [other for other in neighbours.meant(selector) if other.namespace == namespace]
                counts = neighbours.pods(mine, key)
                self._even.append(_Even(key, int(rule.get("maxSkew", 1)), counts, matches(selector, labels)))
        self._blocked: dict[str, set[Domain]] = {ZONE: set(), HOSTNAME: set()}
        self._blocking: set[str] = set()  # kinds of domains in which one pod of its own is enough
        for key, others in self._all_refusals(workload, neighbours):
            self._blocked[key] |= {domain for domain, count in neighbours.pods(others, key).items() if count}
        for term in refusals(spec):
            if term.get("topologyKey") in self._blocked and means(term, namespace, namespace, labels):
                self._blocking.add(str(term["topologyKey"]))
        self._wanted: list[tuple[str, set[Domain], bool]] = []  # where it must be, and whether its own pods count
        for term in attractions(spec):
            if term.get("topologyKey") in self._blocked:
                key = str(term["topologyKey"])
                there = {d for d, n in neighbours.pods(neighbours.meant_by(term, namespace), key).items() if n}
                self._wanted.append((key, there, means(term, namespace, namespace, labels)))
        self._lows: list[int] = []

    @property
    def is_free(self) -> bool:
        """Whether any node will do."""
        blocked = self._blocked[ZONE] or self._blocked[HOSTNAME]
        return not (self._even or blocked or self._blocking or self._wanted)

    def look(self, nodes: Sequence[int]) -> None:
        """Before the next pod: `nodes` are all that it could go to, which is what spread over hosts compares."""
        self._lows = [rule.least(self._zones if rule.key == ZONE else nodes) for rule in self._even]

    def allows(self, zone: str, node: int, *, is_new: bool = False) -> bool:
        """Whether the next pod may go to this node; to one that is still to be bought, which is a new domain."""
        if zone in self._blocked[ZONE] or node in self._blocked[HOSTNAME]:
            return False
        for rule, low in zip(self._even, self._lows, strict=True):
            domain: Domain = zone if rule.key == ZONE else node
            least = 0 if is_new and rule.key == HOSTNAME else low
            if rule.counts[domain] + rule.is_self - least > rule.max_skew:
                return False
        return all(self._is_there(zone, node, *wanted) for wanted in self._wanted)

    def add(self, zone: str, node: int) -> None:
        """One of its pods has come to a node."""
        domains: dict[str, Domain] = {ZONE: zone, HOSTNAME: node}
        for rule in self._even:
            if rule.is_self:
                rule.counts[domains[rule.key]] += 1
        for key in self._blocking:
            self._blocked[key].add(domains[key])
        for key, there, is_own in self._wanted:
            if is_own:
                there.add(domains[key])

    @staticmethod
    def _is_there(zone: str, node: int, key: str, there: set[Domain], is_own: bool) -> bool:  # noqa: FBT001
        """The first pod of a group that is attracted by itself may go anywhere."""
        return (zone if key == ZONE else node) in there or (is_own and not there)

    @staticmethod
    def _all_refusals(workload: Workload, neighbours: Neighbours) -> Iterable[tuple[str, list[Workload]]]:
        """Kind of domain, and the workloads that must not be there: by its own terms, and by theirs."""
        for term in refusals(workload.shape.spec):
            if term.get("topologyKey") in (ZONE, HOSTNAME):
                yield str(term["topologyKey"]), neighbours.meant_by(term, workload.namespace)
        for other, term in neighbours.refusing(workload):
            if term.get("topologyKey") in (ZONE, HOSTNAME):
                yield str(term["topologyKey"]), [other]
