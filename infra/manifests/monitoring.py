"""What tells Prometheus where to read and what to watch: objects of its operator."""

from infra import names
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan


def monitors(plan: Plan) -> list[Manifest]:
    """Nothing without the operator. Rules are none yet."""
    return [service_monitor(plan)] if plan.monitoring.operator else []


def service_monitor(plan: Plan) -> Manifest:
    """All replicas of all models. Autoscalers ask for what it brings, so it is no more optional than they are.

    The operator finds it by the labels of the setting; each pod's tier becomes a label of its series.
    """
    spec = {
        "selector": {"matchLabels": {names.ROLE_LABEL: names.ROLE_MODEL, **_of_stack(plan)}},
        "namespaceSelector": {"matchNames": [plan.namespace]},
        "podTargetLabels": [names.TIER_LABEL],
        "endpoints": [
            {"port": names.METRICS_PORT_NAME, "path": "/metrics", "interval": f"{plan.monitoring.interval_s}s"}
        ],
    }
    labels = {**common_labels(plan), **plan.monitoring.labels}
    return manifest("monitoring.coreos.com/v1", "ServiceMonitor", names.PROJECT, plan.namespace, labels, spec=spec)


def _of_stack(plan: Plan) -> dict[str, str]:
    return {names.STACK_LABEL: plan.labels[names.STACK_LABEL]}
