"""Which workloads are only the burst of another one: they prefer spot nodes, and one that does without has its Service.

Their replicas may all go, so neither their number nor their budget is what keeps the Service up.

Knows Services, spot nodes and replicas. Knows no rule; the workload that stays is judged by all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kube.objects import Stack
from kube.view import View
from policies.facts.replicas import Workload
from policies.facts.selector_index import index
from policies.facts.spot import preferring


def bursts(stack: Stack, everything: Sequence[Workload]) -> frozenset[int]:
    """The ids (of Python) of their objects. Only what is surely so is among them."""
    services = index(stack.of_kind("Service"), is_plain=True)
    known = [each for each in everything if each.is_known]
    behind = {id(each.view.object): set(services.selecting(each.namespace, each.labels)) for each in known}
    staying = [each for each in known if not preferring(each.pod) and _has_replicas(each)]
    kept = {service for each in staying for service in behind[id(each.view.object)]}
    return frozenset(_seeking(known, behind, kept))


def _seeking(known: Iterable[Workload], behind: Mapping[int, set[View]], kept: set[View]) -> Iterator[int]:
    for each in known:
        found = behind[id(each.view.object)]
        if found and found <= kept and preferring(each.pod):
            yield id(each.view.object)


def _has_replicas(workload: Workload) -> bool:
    return bool(workload.least.value > 0)  # which UNKNOWN is not
