"""One model: its models.json, the Deployment that serves it, and the Service in front."""

from typing import Any

from infra import names
from infra.manifests.objects import (
    DISK_LIMIT,
    DISK_REQUEST,
    Manifest,
    container_security,
    manifest,
    model_labels,
    pod_security,
)
from infra.manifests.platform import GPU
from infra.plan import DRAIN_S, ENDPOINT_SLEEP_S, ModelPlan, Plan
from infra.quota import Resources
from infra.units import MI, format_bytes, format_cpu

KILL_MARGIN_S = 10  # between the end of the drain and the kill


def config_hash(model: ModelPlan) -> str:
    """Changes with the content of models.json."""
    return names.short_hash(model.models_json)


def models_config(plan: Plan, model: ModelPlan) -> Manifest:
    """models.json; new content is a new object, so that a rollback finds the old one."""
    name = names.models_config(model.id, config_hash(model))
    labels = model_labels(plan, model, names.ROLE_MODEL)
    data = {names.MODELS_FILE_NAME: model.models_json}
    return manifest("v1", "ConfigMap", name, plan.namespace, labels, data=data, immutable=True)


def deployment(plan: Plan, model: ModelPlan, image: Any) -> Manifest:
    """The pods of a model. How many is the autoscaler's to say: were `spec.replicas` here too, both would write it."""
    labels = model_labels(plan, model, names.ROLE_MODEL)
    spec: Manifest = {
        "progressDeadlineSeconds": model.probes.progress_deadline_s,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": names.model_selector(model.id)},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": model.replicas.surge, "maxUnavailable": model.replicas.unavailable},
        },
        "template": {
            "metadata": {"labels": labels, "annotations": {names.CONFIG_HASH: config_hash(model)}},
            "spec": _pod(plan, model, image),
        },
    }
    return manifest("apps/v1", "Deployment", model.id, plan.namespace, labels, spec=spec)


def service(plan: Plan, model: ModelPlan) -> Manifest:
    """A stable address for the ready replicas."""
    ports = [
        {"name": names.HTTP_PORT_NAME, "port": names.SERVICE_PORT, "targetPort": names.HTTP_PORT_NAME},
        {"name": names.METRICS_PORT_NAME, "port": names.METRICS_PORT, "targetPort": names.METRICS_PORT_NAME},
    ]
    spec = {
        "type": "ClusterIP",
        "selector": names.model_selector(model.id),
        "ports": [{**port, "protocol": "TCP"} for port in ports],
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    return manifest("v1", "Service", model.id, plan.namespace, labels, spec=spec)


def _pod(plan: Plan, model: ModelPlan, image: Any) -> Manifest:
    claim = names.weights_object(model.id, model.weights.hash)
    pod: Manifest = {
        "serviceAccountName": names.SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "terminationGracePeriodSeconds": ENDPOINT_SLEEP_S + DRAIN_S + KILL_MARGIN_S,
        "containers": [_container(model, image)],
        "volumes": [
            {"name": "weights", "persistentVolumeClaim": {"claimName": claim, "readOnly": True}},
            {"name": "config", "configMap": {"name": names.models_config(model.id, config_hash(model))}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }
    if plan.spread_over:
        pod["topologySpreadConstraints"] = [_spread(model, key) for key in plan.spread_over]
    if model.resources.num_gpus:
        pod |= _gpu_placement(model.resources)
    return pod


def _container(model: ModelPlan, image: Any) -> Manifest:
    return {
        "name": names.SERVE_CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": f"SLIPWAY_{key}", "value": value} for key, value in _settings().items()],
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


def _settings() -> dict[str, str]:
    """The server's settings on which this pod depends; all others keep the server's defaults."""
    return {
        "PORT": str(names.HTTP_PORT),
        "METRICS_PORT": str(names.METRICS_PORT),
        "MODELS_DIR": names.MODELS_DIR,
        "MODELS_FILE": f"{names.CONFIG_DIR}/{names.MODELS_FILE_NAME}",
        "GRACE_S": str(DRAIN_S),
    }


def _container_resources(resources: Resources) -> Manifest:
    memory = {"memory": format_bytes(resources.memory_bytes)}
    gpus = {GPU: str(resources.num_gpus)} if resources.num_gpus else {}
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


def _spread(model: ModelPlan, key: str) -> Manifest:
    """Even over zones or nodes, but rather uneven than pending; each rollout is counted on its own."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": names.model_selector(model.id)},
        "matchLabelKeys": ["pod-template-hash"],
    }


def _gpu_placement(resources: Resources) -> Manifest:
    """Nodes whose GPUs are as large as the smallest that the profile names."""
    at_least_mib = resources.gpu_memory_bytes // MI - 1  # the operator means more than
    large_enough = {"key": f"{GPU}.memory", "operator": "Gt", "values": [str(at_least_mib)]}
    return {
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [large_enough]}]
                }
            }
        },
    }
