"""Rules between pods while nodes are filled: topology spread, and required affinity and anti-affinity.

`Neighbours` knows how many pods of which workload are on which node. `Rules` are those of one workload while its pods
are placed: made once of what is there, then kept up to date with each pod, so that asking costs next to nothing.

What spread compares, as in kube-scheduler: the nodes that the pod selects (with `nodeTaintsPolicy: Honor` those that it
tolerates, too), full ones and too small ones among them. kube-scheduler knows a zone only once it has a node there.
Here all zones count in which a pool could buy a node for the pod: so does Karpenter when it buys, so does a cluster
that has some node in each zone, and whoever writes such a rule means it; else all pods that share the first node would
count as spread. It costs more nodes, never fewer. Host names are those of the nodes that are there.

A rule over a label that no node of these pools has is left out (a real cluster has labels that are not known here);
`not_modelled` names those, but cannot know the labels of a stack's own pools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from infra.cost.node_labels import WELL_KNOWN
from infra.cost.offers import Offer, Offers
from infra.cost.scheduling import HOSTNAME, ZONE, attractions, means_namespace, pod_labels, refusals, selector
from infra.cost.scheduling import spread_rules as spread_rules_of
from infra.cost.types import Workload
from kube.label_selectors import matches

Domain = str | int
"""A value of a label, or the number of a node."""


class Term(NamedTuple):
    """An affinity term of a workload's pods, its selector complete."""

    owner: Workload
    key: str
    selector: Any
    namespaces: Mapping[str, Any]

    def means(self, other: Workload, labels: Mapping[str, str]) -> bool:
        """Whether it speaks of this workload's pods, which have these labels."""
        is_there = means_namespace(self.namespaces, self.owner.namespace, other.namespace)
        return is_there and matches(self.selector, labels)


def is_bound(workload: Workload) -> bool:
    """Whether its pods care where other pods are."""
    spec = workload.shape.spec
    return bool(spec) and bool(spread_rules_of(spec) or refusals(spec) or attractions(spec))


def not_modelled(workload: Workload, known: Collection[str] = WELL_KNOWN) -> list[str]:
    """Topology keys of its rules that no node is known to have."""
    spec = workload.shape.spec
    keys = [rule.get("topologyKey") for rule in [*spread_rules_of(spec), *refusals(spec), *attractions(spec)]]
    return sorted({str(key) for key in keys if key not in known})


def _terms(workload: Workload, rules: Sequence[Mapping[str, Any]]) -> list[Term]:
    labels = pod_labels(workload) if rules else {}
    return [Term(workload, str(rule.get("topologyKey")), selector(rule, labels), rule) for rule in rules]


class Neighbours:
    """Pods by workload and node."""

    def __init__(self) -> None:
        self.nodes: list[Offer] = []  # by number
        self.num_nodes: Counter[int] = Counter()  # by the offer's index
        self._placed: dict[Workload, dict[int, int]] = {}  # number of pods by the node's number
        self._zones: dict[Workload, Counter[str]] = {}
        self._labels: dict[Workload, Mapping[str, str]] = {}
        self._by_label: dict[tuple[str, str], list[Workload]] = {}
        self._refusing: dict[tuple[str, str] | None, list[Term]] = {}  # by a label that they mean, if they name one

    def bought(self, offer: Offer) -> None:
        """A node more, with the next number."""
        self.nodes.append(offer)
        self.num_nodes[offer.index] += 1

    def add(self, workload: Workload, number: int, count: int) -> None:
        """Pods have come to a node."""
        counts = self._placed.get(workload)
        if counts is None:
            counts = self._placed[workload] = {}
            self._zones[workload] = Counter()
            self._labels[workload] = labels = pod_labels(workload)
            for label in labels.items():
                self._by_label.setdefault(label, []).append(workload)
            for term in _terms(workload, refusals(workload.shape.spec)):
                self._refusing.setdefault(next(iter(_equalities(term.selector)), None), []).append(term)
        counts[number] = counts.get(number, 0) + count
        self._zones[workload][self.nodes[number].zone] += count

    def in_zone(self, workload: Workload, zone: str) -> int:
        """How many pods of the workload are in a zone."""
        counts = self._zones.get(workload)
        return counts[zone] if counts else 0

    def refusing(self, workload: Workload) -> list[Term]:
        """The anti-affinity terms of pods that are there which refuse this workload's pods: it counts for both."""
        if not self._refusing:
            return []
        labels = pod_labels(workload)
        found = [term for key in [None, *labels.items()] for term in self._refusing.get(key, ())]
        return [term for term in found if term.means(workload, labels)]

    def meant_in(self, namespace: str, wanted: Any) -> list[Workload]:
        """The placed workloads of a namespace that a selector matches."""
        return [other for other in self._meant(wanted) if other.namespace == namespace]

    def meant_by(self, terms: Sequence[Term]) -> list[Workload]:
        """The placed workloads that all of these terms speak of."""
        found = self._meant(terms[0].selector)
        return [other for other in found if all(term.means(other, self._labels[other]) for term in terms)]

    def pods(self, workloads: Iterable[Workload], key: str, among: Collection[int] | None = None) -> dict[Domain, int]:
        """How many pods of these workloads are in each domain of a kind; on nodes of the offers in `among`."""
        counts: dict[Domain, int] = {}
        for workload in workloads:
            for number, count in self._placed[workload].items():
                offer = self.nodes[number]
                if among is None or offer.index in among:
                    domain: Domain | None = number if key == HOSTNAME else offer.labels.get(key)
                    if domain is not None:
                        counts[domain] = counts.get(domain, 0) + count
        return counts

    def _meant(self, wanted: Any) -> list[Workload]:
        among: Iterable[Workload] = self._placed
        if named := _equalities(wanted):
            among = _fewest([self._by_label.get(label, []) for label in named])
        return [other for other in among if matches(wanted, self._labels[other])]


def _fewest(lists: Sequence[list[Workload]]) -> list[Workload]:
    return min(lists, key=len)


def _equalities(wanted: Any) -> list[tuple[str, str]]:
    """The labels that a selector wants to have one value."""
    labels = wanted.get("matchLabels") if isinstance(wanted, Mapping) else None
    return [(str(key), str(value)) for key, value in labels.items()] if isinstance(labels, Mapping) else []


class _Even:
    """One spread constraint: the pods that it counts in each domain, and in how many domains there are how many."""

    def __init__(self, rule: Mapping[str, Any], *, is_self: bool, counts: dict[Domain, int], num_domains: int) -> None:
        self.key = str(rule.get("topologyKey"))
        self._max_skew, self._min_domains = int(rule.get("maxSkew", 1)), int(rule.get("minDomains") or 1)
        self.is_self, self._counts, self._num_domains = is_self, counts, num_domains
        self._domains_with = Counter(counts.values())
        self._domains_with[0] += num_domains - len(counts)
        self._least = min((count for count, num in self._domains_with.items() if num > 0), default=0)

    def allows(self, domain: Domain) -> bool:
        """Whether one pod more in this domain is not too many."""
        least = self._least if self._num_domains >= self._min_domains else 0
        return self._counts.get(domain, 0) + self.is_self - least <= self._max_skew

    def open(self) -> None:
        """An empty domain comes."""
        self._num_domains += 1
        self._domains_with[0] += 1
        self._least = 0

    def add(self, domain: Domain) -> None:
        """A pod that counts comes."""
        before = self._counts.get(domain, 0)
        self._counts[domain] = before + 1
        self._domains_with[before] -= 1
        self._domains_with[before + 1] += 1
        while not self._domains_with[self._least]:
            self._least += 1


class Rules:
    """What one workload's pods, and those that are there, ask of the node of its next pod."""

    def __init__(self, workload: Workload, neighbours: Neighbours, offers: Offers) -> None:
        spec = workload.shape.spec
        self._neighbours, self._labels = neighbours, pod_labels(workload)
        rules = [rule for rule in spread_rules_of(spec) if rule.get("topologyKey") in offers.keys]
        self._even = [self._even_rule(rule, rules, workload, offers) for rule in rules]
        self._blocked: dict[str, set[Domain]] = {}
        self._blocking: set[str] = set()  # kinds of domains in which one pod of its own is enough
        for term in neighbours.refusing(workload):
            self._block(term.key, neighbours.pods([term.owner], term.key))
        for term in _terms(workload, refusals(spec)):
            self._block(term.key, neighbours.pods(neighbours.meant_by([term]), term.key))
            if term.means(workload, self._labels):
                self._blocking.add(term.key)
        wanted = [term for term in _terms(workload, attractions(spec)) if term.key in offers.keys]
        others = neighbours.meant_by(wanted) if wanted else []
        self._wanted = {term.key: set(neighbours.pods(others, term.key)) for term in wanted}
        self._is_own_wanted = all(term.means(workload, self._labels) for term in wanted)

    @property
    def is_free(self) -> bool:
        """Whether any node will do."""
        return not (self._even or any(self._blocked.values()) or self._blocking or self._wanted)

    def allows_kind(self, offer: Offer) -> bool:
        """Whether the next pod may go to some node of this kind, one that is still to be bought."""
        labels = offer.labels
        if any(key != HOSTNAME and labels.get(key) in domains for key, domains in self._blocked.items()):
            return False
        for rule in self._even:
            if rule.key != HOSTNAME and not (rule.key in labels and rule.allows(labels[rule.key])):
                return False
        if not self._wanted or self._is_first:
            return all(key == HOSTNAME or key in labels for key in self._wanted)
        return all(key == HOSTNAME or labels.get(key) in there for key, there in self._wanted.items())

    def allows_new(self) -> bool:
        """Whether it may go to a node on which no pod is: nothing can be there that it must be with."""
        return HOSTNAME not in self._wanted or self._is_first

    def allows_node(self, number: int) -> bool:
        """Whether it may go to this node, of a kind that is allowed."""
        if number in self._blocked.get(HOSTNAME, ()):
            return False
        if any(rule.key == HOSTNAME and not rule.allows(number) for rule in self._even):
            return False
        return HOSTNAME not in self._wanted or self._is_first or number in self._wanted[HOSTNAME]

    def bought(self) -> None:
        """A node has come that its pods may go to."""
        for rule in self._even:
            if rule.key == HOSTNAME:
                rule.open()

    def add(self, number: int) -> None:
        """One of its pods has come to a node."""
        labels = self._neighbours.nodes[number].labels
        domains = {key: number if key == HOSTNAME else labels.get(key) for key in self._keys()}
        for rule in self._even:
            if rule.is_self and (domain := domains[rule.key]) is not None:
                rule.add(domain)
        for key in self._blocking:
            self._block(key, [domain for domain in [domains[key]] if domain is not None])
        if self._is_own_wanted:
            for key, there in self._wanted.items():
                if (domain := domains[key]) is not None:
                    there.add(domain)

    @property
    def _is_first(self) -> bool:
        """The first pod of a group that is attracted by itself may go anywhere."""
        return self._is_own_wanted and not any(self._wanted.values())

    def _keys(self) -> set[str]:
        return {rule.key for rule in self._even} | self._blocking | set(self._wanted)

    def _block(self, key: str, domains: Iterable[Domain]) -> None:
        self._blocked.setdefault(key, set()).update(domains)

    def _even_rule(
        self, rule: Mapping[str, Any], rules: Sequence[Mapping[str, Any]], workload: Workload, offers: Offers
    ) -> _Even:
        """Counts what is on nodes that the pod selects and that have all labels of its constraints."""
        key, means = str(rule.get("topologyKey")), selector(rule, self._labels)
        keys = [str(each.get("topologyKey")) for each in rules]
        counted = [offer for offer in offers.counted(workload, rule) if all(offer.has(each) for each in keys)]
        among = {offer.index for offer in counted}
        others = self._neighbours.meant_in(workload.namespace, means)
        counts = self._neighbours.pods(others, key, among)
        num_nodes = self._neighbours.num_nodes
        if key == HOSTNAME:
            num_domains = sum(num_nodes[index] for index in among)
        else:
            possible = {offer.labels[key] for offer in offers.possible(workload) if key in offer.labels}
            num_domains = len(possible | {offer.labels[key] for offer in counted if num_nodes[offer.index]})
        return _Even(rule, is_self=matches(means, self._labels), counts=counts, num_domains=num_domains)


__all__ = ["HOSTNAME", "ZONE", "Neighbours", "Rules", "is_bound", "not_modelled"]
