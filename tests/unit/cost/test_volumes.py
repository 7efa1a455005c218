"""Claims, and what classes they are of."""

from typing import Any

from infra.cost.types import Unpriced, Volume
from infra.cost.volumes import storage_kinds, volumes
from infra.units import GI
from tests.unit.cost.manifests import UNKNOWN, manifest, pod_spec, stack, workload


def claim_spec(size: Any = "100Gi", **fields: Any) -> dict[str, Any]:
    """The spec of a claim."""
    return {"resources": {"requests": {"storage": size}}, "accessModes": ["ReadWriteOnce"], **fields}


def test_a_claim_costs_what_it_asks_for() -> None:
    """Size, class, mode, model."""
    labels = {"labels": {"slipway.dev/model": "gemma"}}
    claim = manifest("PersistentVolumeClaim", "weights", metadata=labels, spec=claim_spec(storageClassName="gp3"))
    assert list(volumes(stack(claim))) == [Volume("slipway", "weights", "gp3", 100 * GI, "ReadWriteOnce", "gemma", 1)]


def test_a_stateful_set_has_one_of_each_template_a_replica() -> None:
    """Two templates; the pods say how many."""
    templates = [{"metadata": {"name": name}, "spec": claim_spec()} for name in ("data", "log")]
    found = list(volumes(stack(workload("StatefulSet", "db", volumeClaimTemplates=templates))))
    assert [(each.name, each.count, each.workload) for each in found if isinstance(each, Volume)] == [
        ("data-db", 0, "slipway/db"),
        ("log-db", 0, "slipway/db"),
    ]


def test_a_pod_may_bring_its_own_volume() -> None:
    """A generic ephemeral one, for as long as it lives; not those of jobs, which end."""
    entry = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": claim_spec("50Gi")}}}
    spec = pod_spec(volumes=[entry])
    found = list(volumes(stack(workload(spec=spec), workload("Job", "once", spec=spec))))
    assert found == [Volume("slipway", "app-scratch", "", 50 * GI, "ReadWriteOnce", None, 0, "slipway/app")]


def test_the_stacks_default_class_is_taken_where_none_is_named() -> None:
    """An empty name means no class at all."""
    mark = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    default = manifest("StorageClass", "fast", metadata=mark)
    claims = [
        manifest("PersistentVolumeClaim", "a", spec=claim_spec()),
        manifest("PersistentVolumeClaim", "b", spec=claim_spec(storageClassName="")),
    ]
    found = [each.storage_class for each in volumes(stack(default, *claims)) if isinstance(each, Volume)]
    assert found == ["fast", ""]


def test_a_size_that_can_not_be_meant_is_told() -> None:
    """And not counted as nothing."""
    [told] = volumes(stack(manifest("PersistentVolumeClaim", "a", spec=claim_spec("-5Gi"))))
    assert told == Unpriced("PersistentVolumeClaim slipway/a", "storage: '-5Gi' is negative")
    [told] = volumes(stack(manifest("PersistentVolumeClaim", "a", spec=claim_spec("2Ei"))))
    assert isinstance(told, Unpriced)


def test_a_size_that_is_not_known_yet_is_nothing_here() -> None:
    """The estimate tells it; the trace has it, too."""
    whole = stack(manifest("PersistentVolumeClaim", "a", spec=claim_spec(UNKNOWN)))
    [found] = volumes(whole)
    assert isinstance(found, Volume)
    assert found.size_bytes == 0
    assert len(whole.trace.unknown) == 1


def test_the_stacks_own_classes_say_which_disks_they_make() -> None:
    """By the driver's parameters."""
    classes = [
        {**manifest("StorageClass", "fast"), "parameters": {"type": "io2"}},
        {**manifest("StorageClass", "azure"), "parameters": {"skuName": "Premium_LRS"}},
        manifest("StorageClass", "other"),
    ]
    assert storage_kinds(stack(*classes)) == {"fast": "io2", "azure": "Premium_LRS"}
