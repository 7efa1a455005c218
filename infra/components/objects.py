"""A manifest -> the resource of the Kubernetes SDK for its kind.

The SDK's modules are imported one by one, when a kind is first used: importing the package as a whole costs seconds.
"""

from functools import cache
from importlib import import_module

import pulumi

from infra.manifests.objects import Manifest

_MODULES = {
    ("v1", "ConfigMap"): "core.v1",
    ("v1", "LimitRange"): "core.v1",
    ("v1", "Namespace"): "core.v1",
    ("v1", "PersistentVolumeClaim"): "core.v1",
    ("v1", "ResourceQuota"): "core.v1",
    ("v1", "Service"): "core.v1",
    ("v1", "ServiceAccount"): "core.v1",
    ("apps/v1", "Deployment"): "apps.v1",
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "autoscaling.v2",
    ("batch/v1", "Job"): "batch.v1",
    ("networking.k8s.io/v1", "Ingress"): "networking.v1",
    ("networking.k8s.io/v1", "NetworkPolicy"): "networking.v1",
    ("policy/v1", "PodDisruptionBudget"): "policy.v1",
}
_ARGUMENTS = {
    "automountServiceAccountToken": "automount_service_account_token",
    "imagePullSecrets": "image_pull_secrets",
}


@cache
def _resource_class(api_version: str, kind: str) -> type[pulumi.CustomResource]:
    module = import_module(f"pulumi_kubernetes.{_MODULES[api_version, kind]}")
    found: type[pulumi.CustomResource] = getattr(module, kind)
    return found


def create(manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Register one object. Its Pulumi name is its Kubernetes name: both change together or not at all."""
    resource_class = _resource_class(manifest["apiVersion"], manifest["kind"])
    fields = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    arguments = {_ARGUMENTS.get(key, key): value for key, value in fields.items()}
    return resource_class(manifest["metadata"]["name"], opts=opts, **arguments)
