"""How many replicas of a model: one autoscaler for each of its tiers, an HPA or KEDA's ScaledObject, never both.

A ScaledObject makes its own HPA. Whichever it is, it alone knows the number: a Deployment says none.
"""

from typing import Final

from infra import names
from infra.manifests.objects import Manifest, manifest, model_labels
from infra.plan import ModelPlan, Plan, ScalingPlan, Signal, Tier, WindowPlan, queries
from infra.units import format_cpu

MINUTE_S: Final = 60
ASK_S: Final = 15
"""How often KEDA asks: a request that waits has waited half of it on average."""
FAILURES: Final = 3
"""Answers that are missing before the number of the fallback holds."""


def autoscalers(plan: Plan, model: ModelPlan) -> list[Manifest]:
    """One a tier. A fixed number has one, too, with equal bounds: the number never changes its owner.

    So going from fixed to variable and back takes no pod away. Bounds hold also where no metrics are to be had.
    """
    return [autoscaler(plan, model, tier) for tier in model.tiers]


def autoscaler(plan: Plan, model: ModelPlan, tier: Tier) -> Manifest:
    """By the engine of the stack."""
    name = names.tier_object(model.id, tier.name)
    labels = {**model_labels(plan, model, names.ROLE_MODEL), names.TIER_LABEL: tier.name}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    if tier.scaling.engine == "keda":
        spec = {"scaleTargetRef": target, **_scaled_object(plan, tier.scaling)}
        return manifest("keda.sh/v1alpha1", "ScaledObject", name, plan.namespace, labels, spec=spec)
    spec = {"scaleTargetRef": target, **_hpa(tier.scaling)}
    return manifest("autoscaling/v2", "HorizontalPodAutoscaler", name, plan.namespace, labels, spec=spec)


def _hpa(scaling: ScalingPlan) -> Manifest:
    return {
        "minReplicas": scaling.replicas.least,
        "maxReplicas": scaling.replicas.most,
        "metrics": [metric for signal in scaling.signals for metric in _metrics(signal)],
        "behavior": _behavior(scaling),
    }


def _metrics(signal: Signal) -> list[Manifest]:
    """CPU of the server's own container: sidecars don't count. Requests of each pod, by an adapter.

    Of several metrics an HPA takes the one that asks for most. It can't add them up: so those that run and those that
    wait each have the target of both, and it is slower by one round where many wait.
    """
    if signal.kind == "cpu":
        busy = {"type": "AverageValue", "averageValue": format_cpu(round(signal.target))}
        source = {"name": "cpu", "container": names.SERVE_CONTAINER, "target": busy}
        return [{"type": "ContainerResource", "containerResource": source}]
    each = {"type": "AverageValue", "averageValue": f"{round(signal.target * 1000)}m"}
    return [
        {"type": "Pods", "pods": {"metric": {"name": name}, "target": dict(each)}}
        for name in (queries.RUNNING, queries.WAITING)
    ]


def _scaled_object(plan: Plan, scaling: ScalingPlan) -> Manifest:
    found: Manifest = {
        "minReplicaCount": scaling.replicas.least,
        "maxReplicaCount": scaling.replicas.most,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior(scaling)}},
        "triggers": [
            *(_trigger(plan, signal) for signal in scaling.signals),
            *(_clock(number, window) for number, window in enumerate(scaling.windows)),
        ],
    }
    if scaling.replicas.least == 0:  # elsewhere the HPA asks and waits by itself, and KEDA warns of what has no effect
        found |= {"pollingInterval": ASK_S, "cooldownPeriod": scaling.down_window_s}
    if scaling.fallback is not None:
        found["fallback"] = {
            "failureThreshold": FAILURES,
            "replicas": scaling.fallback,
            "behavior": "currentReplicasIfHigher",
        }
    return found


def _trigger(plan: Plan, signal: Signal) -> Manifest:
    """An answer without a value is a fault, which the fallback is for: it must not count as no load at all."""
    if signal.query is None:
        value = {"value": format_cpu(round(signal.target)), "containerName": names.SERVE_CONTAINER}
        return {"type": "cpu", "metricType": "AverageValue", "metadata": value}
    metadata = {
        "serverAddress": plan.scaling.prometheus_url,
        "query": signal.query,
        "threshold": f"{signal.target:g}",
        "activationThreshold": "0",
        "ignoreNullValues": "false",
    }
    return {"type": "prometheus", "name": "requests", "metricType": "AverageValue", "metadata": metadata}


def _clock(number: int, window: WindowPlan) -> Manifest:
    metadata = {
        "timezone": window.time_zone,
        "start": window.start,
        "end": window.end,
        "desiredReplicas": str(window.least),
    }
    return {"type": "cron", "name": f"hours-{number}", "metadata": metadata}


def _behavior(scaling: ScalingPlan) -> Manifest:
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": scaling.up_window_s,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Pods", "value": scaling.up_pods, "periodSeconds": MINUTE_S},
                {"type": "Percent", "value": scaling.up_percent, "periodSeconds": MINUTE_S},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": scaling.down_window_s,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": scaling.down_pods, "periodSeconds": MINUTE_S}],
        },
    }
