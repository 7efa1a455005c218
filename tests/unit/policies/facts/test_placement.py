"""Which nodes a pod allows, and how much memory their GPUs have at least."""

from __future__ import annotations

from typing import Any

import pytest

from infra.units import MI
from kube.objects import Object
from kube.view import Trace
from policies.facts.placement import Placement, gpu_memory, placement


def where(*terms: list[tuple[str, str, str]], **selector: str) -> Placement:
    """The placement of a pod with that affinity and node selector."""
    expressions = [[{"key": k, "operator": o, "values": [v]} for k, o, v in term] for term in terms]
    node_terms = {"nodeSelectorTerms": [{"matchExpressions": each} for each in expressions]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": node_terms}} if terms else {}
    spec: dict[str, Any] = {"nodeSelector": selector, "affinity": affinity}
    return placement(Object({"kind": "Pod", "spec": spec}).pods(Trace())[0])


def test_a_node_selector_is_part_of_every_term() -> None:
    """And alone it is the only term."""
    found = where([("a", "Exists", "")], [("b", "In", "c")], gpu="l4")
    assert [[each.key for each in term] for term in found.terms] == [["gpu", "a"], ["gpu", "b"]]
    assert [[each.key for each in term] for term in where(gpu="l4").terms] == [["gpu"]]
    assert where().terms == ((),)


@pytest.mark.parametrize(
    ("found", "mebibytes"),
    [
        (where(gpu="l4"), 23034),
        (where([("nvidia.com/gpu.memory", "Gt", "40000")]), 40001),
        (where([("nvidia.com/gpu.memory", "Gt", "40000")], gpu="h200"), 143771),
        (where([("nvidia.com/gpu.memory", "Gt", "40000")], gpu="l4"), 40001),
        (where([("gpu", "In", "l4")], [("gpu", "In", "h200")]), 23034),
        (where([("gpu", "In", "l4")], [("zone", "In", "a")]), None),
        (where(gpu="a100"), None),
        (where(), None),
    ],
)
def test_the_least_memory_that_is_allowed_counts(found: Placement, mebibytes: int | None) -> None:
    """The most within a term, for all of it must hold; the least among terms, for any may."""
    assert gpu_memory(found) == (None if mebibytes is None else mebibytes * MI)
