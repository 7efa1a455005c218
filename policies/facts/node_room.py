"""Which machines a pod may be given, and whether one of them has room for it.

Knows machines (`node_types.yaml`), what providers keep of them, and what pods request. Knows nothing of what else runs
on a node, beyond the daemon sets that the settings speak of.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import chain
from typing import Any

from infra.cost.allocatable import allocatable
from infra.cost.types import NodeType
from kube import quantity
from kube.objects import Pod
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts import hardware
from policies.facts.placement import Placement
from policies.settings import Settings


def allowed(where: Placement, settings: Settings) -> list[NodeType] | None:
    """The machines on which the pod may land; None where it can't be told.

    It can be told if each term names machines or GPUs that are all known, or if the settings name the machines.
    """
    found: set[str] = set()
    for term in where.terms:
        named = [requirement.texts for requirement in term if requirement.names_hardware]
        possible = set(settings.node_types or (hardware.node_types() if named else ()))
        if not possible <= hardware.node_types().keys() or not all(hardware.machines(name) for name in chain(*named)):
            return None
        if not possible:
            return None
        found |= possible.intersection(*(frozenset().union(*map(hardware.machines, names)) for names in named))
    return [hardware.node_types()[name] for name in sorted(found)]


def has_room(machine: NodeType, cpu: Any, memory: Any, num_gpus: Any, settings: Settings) -> bool:
    """Whether the requests fit on an empty node, beside its daemon sets. False where one of them is UNKNOWN."""
    room = allocatable(machine)
    return bool(
        cpu * 1000 <= room.cpu_m - settings.daemon_cpu_m
        and memory <= room.memory_bytes - settings.daemon_memory_bytes
        and num_gpus <= room.gpus
    )


def requested(pod: Pod, resource: str) -> Any:
    """What the scheduler reserves: for the main containers together, or for one init container if that is more."""
    main = [_requested(container, resource) for container in pod.main_containers]
    init = [_requested(container, resource) for container in pod.spec.items("initContainers")]
    overhead = quantity.parse(pod.spec.get(("overhead", resource)))
    if is_unknown(main, init, overhead):
        return UNKNOWN
    return max([sum(main), *init]) + (overhead or 0)


def _requested(container: View, resource: str) -> Any:
    """A limit without a request is one; what is no quantity is none."""
    for field in ("requests", "limits"):
        value = quantity.parse(container.get(("resources", field, resource)))
        if value is not None:
            return value
    return Fraction(0)
