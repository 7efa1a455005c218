"""Manifests -> the resources of the Kubernetes SDK for their kinds.

The SDK's modules are imported one by one, when a kind is first used: importing the package as a whole costs seconds.
Kinds that it does not know, those of other operators, are custom resources.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module

import pulumi

from infra.manifests.objects import Manifest

_GROUPS = {
    "": "core",
    "apps": "apps",
    "autoscaling": "autoscaling",
    "batch": "batch",
    "networking.k8s.io": "networking",
    "policy": "policy",
    "rbac.authorization.k8s.io": "rbac",
    "resource.k8s.io": "resource",
    "scheduling.k8s.io": "scheduling",
}
_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


@cache
def _resource_class(api_version: str, kind: str) -> type[pulumi.CustomResource] | None:
    group, _, version = api_version.rpartition("/")
    if group not in _GROUPS:
        return None
    module = import_module(f"pulumi_kubernetes.{_GROUPS[group]}.{version}")
    found: type[pulumi.CustomResource] = getattr(module, kind)
    return found


def create(manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Register one object. Its Pulumi name is its Kubernetes name: both change together or not at all."""
    name = manifest["metadata"]["name"]
    resource_class = _resource_class(manifest["apiVersion"], manifest["kind"])
    if resource_class is None:
        return _custom(name, manifest, opts)
    fields = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    arguments = {_CAPITAL.sub(r"_\1", key).lower(): value for key, value in fields.items()}
    return resource_class(name, opts=opts, **arguments)


def create_all(manifests: Iterable[Manifest], opts: pulumi.ResourceOptions) -> list[pulumi.CustomResource]:
    """Register a group, with the same options for all."""
    return [create(manifest, opts) for manifest in manifests]


def patient(opts: pulumi.ResourceOptions, seconds: int) -> pulumi.ResourceOptions:
    """With as much time for each object as the plan allows it."""
    timeouts = pulumi.CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s", delete=f"{seconds}s")
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(custom_timeouts=timeouts))


def _custom(name: str, manifest: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    from pulumi_kubernetes.apiextensions import CustomResource

    return CustomResource(
        name,
        api_version=manifest["apiVersion"],
        kind=manifest["kind"],
        metadata=manifest["metadata"],
        spec=manifest["spec"],
        opts=opts,
    )
