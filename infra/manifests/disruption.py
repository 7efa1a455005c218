"""How many pods voluntary disruptions may take at once."""

from infra import names
from infra.manifests.objects import Manifest, manifest, model_labels
from infra.plan import ModelPlan, Plan, Tier


def budgets(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """One a tier. None for one that has a single pod on spot: it is there to be taken away."""
    return [
        disruption_budget(plan, model, tier) for tier in model.tiers if not (tier.is_spot and tier.replicas.most == 1)
    ]


def disruption_budget(plan: Plan, model: ModelPlan, tier: Tier) -> Manifest:
    """One pod at a time may be drained; broken ones never block a drain."""
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": names.tier_selector(model.id, tier.name)},
    }
    labels = {**model_labels(plan, model, names.ROLE_MODEL), names.TIER_LABEL: tier.name}
    name = names.tier_object(model.id, tier.name)
    return manifest("policy/v1", "PodDisruptionBudget", name, plan.namespace, labels, spec=spec)
