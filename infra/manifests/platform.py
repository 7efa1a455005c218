"""The namespace and what guards it: Pod Security, quota, limit range, a service account without rights."""

from infra import names
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan
from infra.units import format_bytes, format_cpu

# Newer than the oldest cluster that is supported; an older cluster then applies its own latest rules.
POD_SECURITY_VERSION = "v1.36"
GPU = "nvidia.com/gpu"


def namespace(plan: Plan) -> Manifest:
    """The namespace; it admits only pods that pass `restricted`."""
    rules = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("enforce", "audit", "warn")
        for suffix, value in (("", "restricted"), ("-version", POD_SECURITY_VERSION))
    }
    return manifest("v1", "Namespace", plan.namespace, None, {**common_labels(plan), **rules})


def service_account(plan: Plan) -> Manifest:
    """An identity without a token: neither the server nor the Jobs talk to the Kubernetes API.

    It carries the registry's login for all pods; the Secret itself is the operator's, so that it is in no state.
    """
    secret = plan.image.pull_secret
    login: Manifest = {"imagePullSecrets": [{"name": secret}]} if secret else {}
    return manifest(
        "v1",
        "ServiceAccount",
        names.SERVICE_ACCOUNT,
        plan.namespace,
        common_labels(plan),
        automountServiceAccountToken=False,
        **login,
    )


def resource_quota(plan: Plan) -> Manifest:
    """What the namespace may use in sum; nothing here is exposed past the Ingress."""
    quota = plan.quota
    hard = {
        "requests.cpu": format_cpu(quota.cpu_m),
        "limits.cpu": format_cpu(quota.cpu_limit_m),
        "requests.memory": format_bytes(quota.memory_bytes),
        "limits.memory": format_bytes(quota.memory_bytes),
        f"requests.{GPU}": str(quota.num_gpus),
        "requests.storage": format_bytes(quota.storage_bytes),
        "persistentvolumeclaims": str(quota.num_volumes),
        "pods": str(quota.num_pods),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    return manifest("v1", "ResourceQuota", names.QUOTA, plan.namespace, common_labels(plan), spec={"hard": hard})


def limit_range(plan: Plan) -> Manifest:
    """What a single container or volume may use; containers that say nothing get little."""
    container = {
        "type": "Container",
        "max": {"cpu": format_cpu(plan.limits.cpu_m), "memory": format_bytes(plan.limits.memory_bytes)},
        "default": {"cpu": "500m", "memory": "256Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
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
