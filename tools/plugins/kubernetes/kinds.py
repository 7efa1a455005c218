"""Kinds: type tokens of Pulumi, whether a kind lives in namespaces, and which types the stand-in refuses. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools.plugins.kubernetes.errors import InputError, RefusedError

CORE: Final = "core"

CLUSTER_SCOPED: Final = {
    "": {"ComponentStatus", "Namespace", "Node", "PersistentVolume"},
    "admissionregistration.k8s.io": {
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    },
    "apiextensions.k8s.io": {"CustomResourceDefinition"},
    "apiregistration.k8s.io": {"APIService"},
    "apps": set[str](),
    "autoscaling": set[str](),
    "batch": set[str](),
    "certificates.k8s.io": {"CertificateSigningRequest", "ClusterTrustBundle"},
    "coordination.k8s.io": set[str](),
    "discovery.k8s.io": set[str](),
    "events.k8s.io": set[str](),
    "flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
    "networking.k8s.io": {"IPAddress", "IngressClass", "ServiceCIDR"},
    "node.k8s.io": {"RuntimeClass"},
    "policy": set[str](),
    "rbac.authorization.k8s.io": {"ClusterRole", "ClusterRoleBinding"},
    "resource.k8s.io": {"DeviceClass", "DeviceTaintRule", "ResourceSlice"},
    "scheduling.k8s.io": {"PriorityClass"},
    "storage.k8s.io": {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
    "storagemigration.k8s.io": {"StorageVersionMigration"},
}
"""For each group that every cluster has: its kinds without a namespace. All others there have one."""

REFUSED_MODULES: Final = ("helm.sh/", "kustomize", "yaml")
"""Bundles: the official provider renders them into objects."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as the API server calls it."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """Its API group; empty for the core one."""
        return self.api_version.rpartition("/")[0]


def of_token(token: str) -> Kind:
    """The kind of a type token such as `kubernetes:apps/v1:Deployment`."""
    parts = token.split(":")
    if len(parts) != 3:
        raise InputError(f"type {token!r}: expected `kubernetes:GROUP/VERSION:KIND`")
    return Kind(api_version=parts[1].removeprefix(f"{CORE}/"), kind=parts[2])


def type_of_urn(urn: str) -> str:
    """The type token inside a URN, without the types of its parents."""
    qualified = urn.split("::")[2] if urn.count("::") >= 3 else ""
    return qualified.rpartition("$")[2]


def name_of_urn(urn: str) -> str:
    """The resource name inside a URN."""
    return urn.split("::", 3)[3] if urn.count("::") >= 3 else urn


def refuse(token: str, kind: str) -> None:
    """Raise for a type that only the official provider has; `kind` is what the inputs say."""
    module, _, name = token.removeprefix("kubernetes:").partition(":")
    if module.startswith(REFUSED_MODULES):
        raise RefusedError(f"resource type {token}")
    if kind and name == f"{kind}Patch":
        raise RefusedError(f"Patch resource {token}")
    if name.endswith("List") and is_builtin(of_token(token)):
        raise InputError(f"type {token}: lists can't be created; use the type of their items")


def is_builtin(kind: Kind) -> bool:
    """Whether every cluster has its group."""
    return kind.group in CLUSTER_SCOPED


def builtin_scope(kind: Kind) -> bool | None:
    """Whether a built-in kind lives in namespaces; None for all other kinds."""
    return kind.kind not in CLUSTER_SCOPED[kind.group] if is_builtin(kind) else None
