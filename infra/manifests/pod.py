"""The pod of one tier of a model: places and values of the plan, in the words of Kubernetes."""

from dataclasses import dataclass
from typing import Any

from infra import names
from infra.manifests import cublas, delivery, secret_files, sharing, sidecars
from infra.manifests.objects import (
    DISK_LIMIT,
    DISK_REQUEST,
    Manifest,
    container_security,
    pod_security,
)
from infra.manifests.placement import placement
from infra.plan import ENDPOINT_SLEEP_S, ModelPlan, Plan, SecretPlan, Tier
from infra.units import format_bytes, format_cpu


@dataclass(frozen=True, slots=True)
class PodImages:
    """References by digest: the server for this pod's hardware, and what is mounted or beside it, if anything."""

    serve: Any
    weights: Any = None
    cublas: Any = None
    tunnel: Any = None


def config_hash(model: ModelPlan) -> str:
    """Changes with the content of models.json."""
    return names.short_hash(model.server.models_json)


def pod(plan: Plan, model: ModelPlan, tier: Tier, images: PodImages) -> Manifest:
    """What a replica is."""
    token, keys = secret_files.find(plan, "hub-token"), secret_files.find(plan, "api-keys")
    found: Manifest = {
        "serviceAccountName": names.account(names.ROLE_MODEL),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "terminationGracePeriodSeconds": tier.grace_s,
        "containers": [_container(model, tier, images.serve, keys)],
        "volumes": [
            *delivery.volumes(model.weights, images.weights, token),
            *cublas.volumes(model.server, images.cublas),
            {"name": "config", "configMap": {"name": names.models_config(model.id, config_hash(model))}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            *secret_files.volumes(keys),
            *sidecars.tunnel_volumes(model),
        ],
    }
    # What downloads comes first: nothing can be served before.
    beside = sidecars.tunnel_containers(model, images.tunnel)
    if before := [*delivery.init_containers(model, images.serve, token), *beside]:
        found["initContainers"] = before
    if model.priority_class is not None:
        found["priorityClassName"] = model.priority_class
    return found | sharing.pod_claims(model) | placement(model, tier)


def _container(model: ModelPlan, tier: Tier, image: Any, keys: SecretPlan | None) -> Manifest:
    return {
        "name": names.SERVE_CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            *({"name": key, "value": value} for key, value in _environment(model, tier).items()),
            *secret_files.environment(keys),
        ],
        "ports": [
            {"name": names.HTTP_PORT_NAME, "containerPort": names.HTTP_PORT, "protocol": "TCP"},
            {"name": names.METRICS_PORT_NAME, "containerPort": names.METRICS_PORT, "protocol": "TCP"},
        ],
        "resources": delivery.with_room(model.weights, _container_resources(model)),
        "startupProbe": _probe("startup", model.probes.period_s, model.probes.startup_failures),
        "livenessProbe": _probe("live", 10, 6),
        "readinessProbe": _probe("ready", 5, 2),
        "lifecycle": {"preStop": {"sleep": {"seconds": ENDPOINT_SLEEP_S}}},
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            delivery.mount(model.weights),
            *cublas.mounts(model.server),
            {"name": "config", "mountPath": names.CONFIG_DIR, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
            *secret_files.mounts(keys),
        ],
    }


def _container_resources(model: ModelPlan) -> Manifest:
    resources = model.resources
    memory, gpus = {"memory": format_bytes(resources.memory_bytes)}, sharing.quantities(model)
    return {
        "requests": {"cpu": format_cpu(resources.cpu_m), **memory, **DISK_REQUEST, **gpus},
        "limits": {"cpu": format_cpu(resources.cpu_limit_m), **memory, **DISK_LIMIT, **gpus},
        **sharing.container_claims(model),
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
