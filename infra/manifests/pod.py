"""The pod of one tier of a model: places and values of the plan, in the words of Kubernetes."""

from typing import Any

from infra import names
from infra.manifests.objects import (
    DISK_LIMIT,
    DISK_REQUEST,
    Manifest,
    container_security,
    pod_security,
)
from infra.plan import ENDPOINT_SLEEP_S, ModelPlan, Placement, Plan, Requirement, Tier, Toleration
from infra.quota import Resources
from infra.units import format_bytes, format_cpu


def config_hash(model: ModelPlan) -> str:
    """Changes with the content of models.json."""
    return names.short_hash(model.server.models_json)


def pod(plan: Plan, model: ModelPlan, tier: Tier, image: Any) -> Manifest:
    """What a replica is."""
    del plan  # nothing of the stack as a whole is in it, so far
    found: Manifest = {
        "serviceAccountName": names.SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "terminationGracePeriodSeconds": tier.grace_s,
        "containers": [_container(model, tier, image)],
        "volumes": [
            _weights_volume(model),
            {"name": "config", "configMap": {"name": names.models_config(model.id, config_hash(model))}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }
    if model.priority_class is not None:
        found["priorityClassName"] = model.priority_class
    return found | _placement(model, tier)


def _weights_volume(model: ModelPlan) -> Manifest:
    assert model.weights.claim is not None  # no other delivery is planned yet
    return {"name": "weights", "persistentVolumeClaim": {"claimName": model.weights.claim.name, "readOnly": True}}


def _container(model: ModelPlan, tier: Tier, image: Any) -> Manifest:
    return {
        "name": names.SERVE_CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in _environment(model, tier).items()],
        "ports": [
            {"name": names.HTTP_PORT_NAME, "containerPort": names.HTTP_PORT, "protocol": "TCP"},
            {"name": names.METRICS_PORT_NAME, "containerPort": names.METRICS_PORT, "protocol": "TCP"},
        ],
        "resources": _container_resources(model.resources),
        "startupProbe": _probe("startup", model.probes.period_s, model.probes.startup_failures),
        "livenessProbe": _probe("live", 10, 6),
        "readinessProbe": _probe("ready", 5, 2),
        "lifecycle": {"preStop": {"sleep": {"seconds": ENDPOINT_SLEEP_S}}},
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "weights", "mountPath": names.MODELS_DIR, "readOnly": True},
            {"name": "config", "mountPath": names.CONFIG_DIR, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }


def _container_resources(resources: Resources) -> Manifest:
    memory = {"memory": format_bytes(resources.memory_bytes)}
    gpus = {names.GPU: str(resources.num_gpus)} if resources.num_gpus else {}
    return {
        "requests": {"cpu": format_cpu(resources.cpu_m), **memory, **DISK_REQUEST, **gpus},
        "limits": {"cpu": format_cpu(resources.cpu_limit_m), **memory, **DISK_LIMIT, **gpus},
    }


def _probe(name: str, period_s: int, num_failures: int) -> Manifest:
    return {
        "httpGet": {"path": f"/health/{name}", "port": names.HTTP_PORT_NAME, "scheme": "HTTP"},
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": num_failures,
    }


def _environment(model: ModelPlan, tier: Tier) -> dict[str, str]:
    return {**model.server.env, "SLIPWAY_GRACE_S": str(tier.drain_s)}


def _placement(model: ModelPlan, tier: Tier) -> Manifest:
    """Only what is asked for: an empty field would be a difference at every update."""
    wanted = tier.placement
    found: Manifest = {}
    if wanted.spread_over:
        found["topologySpreadConstraints"] = [_spread(model, tier, key) for key in wanted.spread_over]
    if wanted.tolerations:
        found["tolerations"] = [_toleration(each) for each in wanted.tolerations]
    if affinity := _node_affinity(wanted):
        found["affinity"] = {"nodeAffinity": affinity}
    if wanted.scheduler is not None:
        found["schedulerName"] = wanted.scheduler
    return found


def _spread(model: ModelPlan, tier: Tier, key: str) -> Manifest:
    """Even over zones or nodes, but rather uneven than pending; each rollout is counted on its own."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": names.tier_selector(model.id, tier.name)},
        "matchLabelKeys": ["pod-template-hash"],
    }


def _toleration(wanted: Toleration) -> Manifest:
    match: Manifest = {"operator": "Exists"}
    if wanted.value is not None:
        match = {"operator": "Equal", "value": wanted.value}
    return {"key": wanted.key, **match, **({"effect": wanted.effect} if wanted.effect else {})}


def _node_affinity(wanted: Placement) -> Manifest:
    found: Manifest = {}
    if wanted.required:
        terms = [{"matchExpressions": [_expression(each) for each in wanted.required]}]
        found["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
    if wanted.preferred:
        found["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": each.weight, "preference": {"matchExpressions": [_expression(each.requirement)]}}
            for each in wanted.preferred
        ]
    return found


def _expression(wanted: Requirement) -> Manifest:
    values: Manifest = {"values": list(wanted.values)} if wanted.values else {}
    return {"key": wanted.key, "operator": wanted.operator, **values}
