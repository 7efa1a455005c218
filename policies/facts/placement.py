"""Which nodes a pod allows, as far as its node selector and its required node affinity say it by labels.

A pod's placement is a list of terms, of which a node must meet one; a term is a list of requirements, all of which it
must meet. Preferences bind nobody and are not read. Knows which labels name hardware (`node_labels.yaml`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.units import MI
from kube import digits
from kube.objects import Pod
from kube.view import View
from policies.facts import hardware
from policies.facts.tables import table

_AFFINITY = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one label of a node must be."""

    key: Any
    operator: Any
    values: tuple[Any, ...]

    @property
    def raw(self) -> tuple[Any, ...]:
        """All that was read; UNKNOWN among it leaves open what the requirement says."""
        return (self.key, self.operator, *self.values)

    def names(self, kind: str) -> bool:
        """Whether the label is one of that kind in `node_labels.yaml`."""
        return self.key in table("node_labels")[kind]

    @property
    def names_hardware(self) -> bool:
        """Whether it says which machine or GPU: by a label made for it, or by values that can mean nothing else."""
        is_label = any(self.names(kind) for kind in ("instance_type", "accelerator", "family"))
        return bool(self.texts) and (is_label or all(hardware.is_known(value) for value in self.texts))

    @property
    def texts(self) -> tuple[str, ...]:
        """The values of which the label must have one; none where it is not said so."""
        return tuple(value for value in self.values if isinstance(value, str)) if self.operator == "In" else ()


@dataclass(frozen=True, slots=True)
class Placement:
    """The terms, and everything that was read to find them."""

    terms: tuple[tuple[Requirement, ...], ...]
    raw: tuple[Any, ...]


def placement(pod: Pod) -> Placement:
    """Where a pod may run; a pod that says nothing has one term without requirements."""
    selector = tuple(
        Requirement(key, "In", (value.text(""),)) for key, value in pod.spec.entries("nodeSelector").items()
    )
    terms = pod.spec.items(f"{_AFFINITY}.nodeSelectorTerms")
    affinity = tuple(tuple(_requirements(term)) for term in terms)
    joined = tuple((*selector, *term) for term in affinity) or (selector,)
    raw = [pod.spec.get("nodeSelector"), pod.spec.get(f"{_AFFINITY}.nodeSelectorTerms")]
    raw += [term.get("matchExpressions") for term in terms]
    raw += [value for term in joined for requirement in term for value in requirement.raw]
    return Placement(joined, tuple(raw))


def gpu_memory(where: Placement) -> int | None:
    """The least memory in bytes that one GPU of any allowed node has; None where the labels don't tell.

    Within a term each label sets a bound, and the highest counts; among terms the lowest, for the pod may land there.
    """
    bounds = [_bound(term) for term in where.terms]
    known = [bound for bound in bounds if bound is not None]
    return min(known) if len(known) == len(bounds) else None


def _requirements(term: View) -> Iterator[Requirement]:
    for each in term.items("matchExpressions"):
        values = tuple(value.text("") for value in each.items("values"))
        raw = each.get("values")
        yield Requirement(each.text("key"), each.text("operator"), values if isinstance(raw, list) else (raw,))


def _bound(term: tuple[Requirement, ...]) -> int | None:
    if any(requirement.names("share") for requirement in term):
        return None
    return max((bound for bound in map(_memory, term) if bound is not None), default=None)


def _memory(requirement: Requirement) -> int | None:
    if requirement.names("memory_mib"):
        return _stated_memory(requirement)
    if requirement.names("family"):
        names = [name for name in hardware.node_types() if name.split(".")[0] in requirement.texts]
    else:
        names = list(requirement.texts)
    sizes = [hardware.gpu_memory(name) for name in names]
    known = [size for size in sizes if size is not None]
    return min(known) if known and len(known) == len(sizes) else None


def _stated_memory(requirement: Requirement) -> int | None:
    numbers = [number for value in requirement.values if (number := digits.whole(value)) is not None]
    if not numbers:
        return None
    if requirement.operator == "In":
        return min(numbers) * MI
    return (numbers[0] + 1) * MI if requirement.operator == "Gt" else None
