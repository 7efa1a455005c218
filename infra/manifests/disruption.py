"""How many pods voluntary disruptions may take at once."""

from infra import names
from infra.manifests.objects import Manifest, manifest, model_labels
from infra.plan import ModelPlan, Plan


def budgets(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """For the base only: a burst is there to be taken away."""
    return [disruption_budget(plan, model)]


def disruption_budget(plan: Plan, model: ModelPlan) -> Manifest:
    """One pod at a time may be drained; broken ones never block a drain."""
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": names.tier_selector(model.id, model.base.name)},
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    return manifest("policy/v1", "PodDisruptionBudget", model.id, plan.namespace, labels, spec=spec)
