"""Priority classes: the only objects of a stack that belong to the whole cluster, beside its namespaces."""

from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan, PriorityClass

USES = {
    "critical": "Models that others wait for: they push out whoever is below.",
    "standard": "Models for everybody: they push out only what can wait.",
    "batch": "Work that can wait, and backups: pushes out nobody.",
    "experimental": "Trials: the first to go, and pushes out nobody.",
}


def priority_classes(plan: Plan) -> list[Manifest]:
    """Those of `plan.priorities`, the highest first."""
    return [_priority_class(plan, each) for each in plan.priorities]


def _priority_class(plan: Plan, wanted: PriorityClass) -> Manifest:
    """Never the default of the cluster: pods of others are none of our business."""
    return manifest(
        "scheduling.k8s.io/v1",
        "PriorityClass",
        wanted.name,
        None,
        common_labels(plan),
        value=wanted.value,
        globalDefault=False,
        preemptionPolicy="PreemptLowerPriority" if wanted.preempts else "Never",
        description=f"{USES[wanted.tier]} Of the namespace {plan.namespace}.",
    )
