"""What tells Prometheus where to read and what to watch: objects of its operator."""

from infra import names
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan
from infra.plan.alerts import Alert, plan_alerts

API = "monitoring.coreos.com/v1"


def monitors(plan: Plan) -> list[Manifest]:
    """Nothing without the operator, which finds them by the labels of the setting."""
    return [service_monitor(plan), rules(plan)] if plan.monitoring.operator else []


def service_monitor(plan: Plan) -> Manifest:
    """All replicas of all models. Autoscalers ask for what it brings, so it is no more optional than they are.

    Each pod's tier becomes a label of its series.
    """
    spec = {
        "selector": {"matchLabels": {names.ROLE_LABEL: names.ROLE_MODEL, **_of_stack(plan)}},
        "namespaceSelector": {"matchNames": [plan.namespace]},
        "podTargetLabels": [names.TIER_LABEL],
        "endpoints": [
            {"port": names.METRICS_PORT_NAME, "path": "/metrics", "interval": f"{plan.monitoring.interval_s}s"}
        ],
    }
    return manifest(API, "ServiceMonitor", names.PROJECT, plan.namespace, _labels(plan), spec=spec)


def rules(plan: Plan) -> Manifest:
    """What somebody must be told of."""
    group = {"name": names.PROJECT, "rules": [_rule(plan, each) for each in plan_alerts(plan.namespace, plan.models)]}
    return manifest(API, "PrometheusRule", names.PROJECT, plan.namespace, _labels(plan), spec={"groups": [group]})


def _rule(plan: Plan, alert: Alert) -> Manifest:
    """Whose it is tells the alert manager whom to wake."""
    named = {"model": alert.model} if alert.model else {}
    owner = {"owner": plan.labels[names.OWNER_LABEL], "stack": plan.labels[names.STACK_LABEL]}
    lasting = {"for": f"{alert.lasting_s}s"} if alert.lasting_s else {}
    return {
        "alert": alert.name,
        "expr": alert.expression,
        **lasting,
        "labels": {"severity": alert.severity, **owner, **named},
        "annotations": {"summary": alert.summary},
    }


def _labels(plan: Plan) -> dict[str, str]:
    return {**common_labels(plan), **plan.monitoring.labels}


def _of_stack(plan: Plan) -> dict[str, str]:
    return {names.STACK_LABEL: plan.labels[names.STACK_LABEL]}
