"""A Pulumi resource -> the Kubernetes object that it is. Knows how types are spelt: `kubernetes:apps/v1:Deployment`.

Resources of other providers are no objects, and neither are components such as `helm.sh/v4:Chart`: their children are
resources of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube.objects import Object

PACKAGE = "kubernetes"
COMPONENT_GROUPS = frozenset({"yaml", "kustomize", "helm.sh"})
OPAQUE_TYPE = "kubernetes:helm.sh/v3:Release"
"""Helm makes its objects inside the cluster: no rule ever sees them, and its values are no fields of an object."""
PATCH = "Patch"
INPUTS = "__inputs"
"""Under this key a state keeps what the program asked for; beside it is what the cluster has made of it."""


def to_object(
    resource_type: str, properties: Mapping[str, Any], origin: str, secrets: frozenset[str] = frozenset()
) -> Object | None:
    """The object, as the program asks for it; None for what is none."""
    if resource_type == OPAQUE_TYPE:
        metadata = {key: properties[key] for key in ("name", "namespace") if key in properties}
        return Object({"apiVersion": "helm.sh/v3", "kind": "Release", "metadata": metadata}, origin)
    parts = resource_type.split(":")
    if len(parts) != 3 or parts[0] != PACKAGE or parts[1].split("/")[0] in COMPONENT_GROUPS:
        return None
    _, module, kind = parts
    asked_for = properties.get(INPUTS)
    data = asked_for if isinstance(asked_for, Mapping) else properties
    given_kind = _text(data.get("kind"))
    is_patch = kind.endswith(PATCH) and given_kind != kind
    identity = {
        "apiVersion": _text(data.get("apiVersion")) or module.removeprefix("core/"),
        "kind": given_kind or (kind.removesuffix(PATCH) if is_patch else kind),
    }
    return Object({**data, **identity}, origin, is_patch, secrets)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
