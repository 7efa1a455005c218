"""What a namespace may use, in sum and at once."""

from infra import names
from infra.manifests.objects import DISK_LIMIT, DISK_REQUEST, Manifest, common_labels, manifest
from infra.plan import Plan
from infra.units import format_bytes, format_cpu

OF_CLASS = ".storageclass.storage.k8s.io/requests.storage"


def bounds(plan: Plan) -> list[Manifest]:
    """The quota and the limit range."""
    return [resource_quota(plan), limit_range(plan)]


def resource_quota(plan: Plan) -> Manifest:
    """What the namespace may use in sum; nothing here is exposed past the Ingress.

    GPUs of each kind that is used; whole ones also where none is, so that nobody else takes one here.
    """
    quota = plan.quota
    hard = {
        "requests.cpu": format_cpu(quota.cpu_m),
        "limits.cpu": format_cpu(quota.cpu_limit_m),
        "requests.memory": format_bytes(quota.memory_bytes),
        "limits.memory": format_bytes(quota.memory_bytes),
        **{key: str(count) for key, count in quota.devices.items()},
        "requests.storage": format_bytes(quota.storage_bytes),
        **{f"{name}{OF_CLASS}": format_bytes(num_bytes) for name, num_bytes in quota.class_bytes.items()},
        "persistentvolumeclaims": str(quota.num_volumes),
        "pods": str(quota.num_pods),
        **{key: str(count) for key, count in quota.objects.items()},
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    return manifest("v1", "ResourceQuota", names.QUOTA, plan.namespace, common_labels(plan), spec={"hard": hard})


def limit_range(plan: Plan) -> Manifest:
    """What a single container or volume may use; containers that say nothing get little."""
    container = {
        "type": "Container",
        "max": {"cpu": format_cpu(plan.limits.cpu_m), "memory": format_bytes(plan.limits.memory_bytes)},
        "default": {"cpu": "500m", "memory": "256Mi", **DISK_LIMIT},
        "defaultRequest": {"cpu": "100m", "memory": "256Mi", **DISK_REQUEST},
    }
    volume = {"type": "PersistentVolumeClaim", "max": {"storage": format_bytes(plan.limits.volume_bytes)}}
    return manifest(
        "v1",
        "LimitRange",
        names.LIMIT_RANGE,
        plan.namespace,
        common_labels(plan),
        spec={"limits": [container, volume]},
    )
