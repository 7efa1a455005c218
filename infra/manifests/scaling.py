"""How many replicas of a model: one autoscaler for each of its tiers."""

from infra import names
from infra.manifests.objects import Manifest, manifest, model_labels
from infra.plan import ModelPlan, Plan, Signal, Tier
from infra.units import format_cpu


def autoscalers(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """One a tier. A fixed number has one, too, with equal bounds: the number never changes its owner.

    So going from fixed to variable and back takes no pod away. Bounds hold also where no metrics are to be had.
    """
    return [autoscaler(plan, model, tier) for tier in model.tiers]


def autoscaler(plan: Plan, model: ModelPlan, tier: Tier) -> Manifest:
    """The HPA of a tier."""
    name = names.tier_object(model.id, tier.name)
    scaling = tier.scaling
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": scaling.replicas.least,
        "maxReplicas": scaling.replicas.most,
        "metrics": [_metric(signal) for signal in scaling.signals],
        "behavior": {
            "scaleUp": _behavior(scaling.up_window_s, scaling.pods_per_minute),
            "scaleDown": _behavior(scaling.down_window_s, scaling.pods_per_minute),
        },
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    return manifest("autoscaling/v2", "HorizontalPodAutoscaler", name, plan.namespace, labels, spec=spec)


def _metric(signal: Signal) -> Manifest:
    """CPU of the server's own container: sidecars don't count."""
    assert signal.kind == "cpu", signal  # no other is planned for an HPA yet
    busy = {"type": "AverageValue", "averageValue": format_cpu(round(signal.target))}
    source = {"name": "cpu", "container": names.SERVE_CONTAINER, "target": busy}
    return {"type": "ContainerResource", "containerResource": source}


def _behavior(window_s: int, pods_per_minute: int) -> Manifest:
    return {
        "stabilizationWindowSeconds": window_s,
        "selectPolicy": "Max",
        "policies": [{"type": "Pods", "value": pods_per_minute, "periodSeconds": 60}],
    }
