"""How many replicas of a model: the autoscaler, and the budget that voluntary disruptions must keep."""

from infra import names
from infra.manifests.objects import Manifest, manifest, model_labels
from infra.plan import ModelPlan, Plan
from infra.units import format_cpu

BUSY_SHARE = 0.8  # of what a pod may use, not of what it reserves: a pod that bursts on an idle node is not overloaded
QUIET_S = 600  # a new replica loads for minutes, so none is given up in a short pause


def autoscaler(plan: Plan, model: ModelPlan) -> Manifest:
    """Scales on CPU, which is what a CPU model runs out of first; only its own container counts.

    A fixed number has an autoscaler, too, with equal bounds: the number never changes its owner, so going from fixed
    to variable and back takes no pod away. Bounds hold also where no metrics are to be had.
    """
    busy = {"type": "AverageValue", "averageValue": format_cpu(round(model.resources.cpu_limit_m * BUSY_SHARE))}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": model.id},
        "minReplicas": model.replicas.least,
        "maxReplicas": model.replicas.most,
        "metrics": [
            {
                "type": "ContainerResource",
                "containerResource": {"name": "cpu", "container": names.SERVE_CONTAINER, "target": busy},
            }
        ],
        "behavior": {
            "scaleUp": _behavior(window_s=0, period_s=60),
            "scaleDown": _behavior(window_s=QUIET_S, period_s=60),
        },
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    return manifest("autoscaling/v2", "HorizontalPodAutoscaler", model.id, plan.namespace, labels, spec=spec)


def _behavior(window_s: int, period_s: int) -> Manifest:
    return {
        "stabilizationWindowSeconds": window_s,
        "selectPolicy": "Max",
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": period_s}],
    }


def disruption_budget(plan: Plan, model: ModelPlan) -> Manifest:
    """One pod at a time may be drained; broken ones never block a drain."""
    spec = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": names.model_selector(model.id)},
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    return manifest("policy/v1", "PodDisruptionBudget", model.id, plan.namespace, labels, spec=spec)
