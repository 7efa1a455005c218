"""How the API server calls the kinds that rules are about, and where it keeps their pods. Data of Kubernetes itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from kube.pod_places import POD_TEMPLATES


@dataclass(frozen=True, slots=True)
class Resource:
    """Group, version and plural of a kind, with subresources that change what rules see."""

    group: str
    version: str
    plural: str
    subresources: tuple[str, ...] = ()
    is_namespaced: bool = True


RBAC = "rbac.authorization.k8s.io"

RESOURCES: Final = {
    "Pod": Resource("", "v1", "pods", ("ephemeralcontainers",)),
    "PodTemplate": Resource("", "v1", "podtemplates"),
    "ReplicationController": Resource("", "v1", "replicationcontrollers"),
    "Deployment": Resource("apps", "v1", "deployments"),
    "StatefulSet": Resource("apps", "v1", "statefulsets"),
    "DaemonSet": Resource("apps", "v1", "daemonsets"),
    "ReplicaSet": Resource("apps", "v1", "replicasets"),
    "Job": Resource("batch", "v1", "jobs"),
    "CronJob": Resource("batch", "v1", "cronjobs"),
    "ConfigMap": Resource("", "v1", "configmaps"),
    "Secret": Resource("", "v1", "secrets"),
    "Service": Resource("", "v1", "services"),
    "ServiceAccount": Resource("", "v1", "serviceaccounts"),
    "PersistentVolumeClaim": Resource("", "v1", "persistentvolumeclaims"),
    "ResourceQuota": Resource("", "v1", "resourcequotas"),
    "LimitRange": Resource("", "v1", "limitranges"),
    "Namespace": Resource("", "v1", "namespaces", is_namespaced=False),
    "Ingress": Resource("networking.k8s.io", "v1", "ingresses"),
    "NetworkPolicy": Resource("networking.k8s.io", "v1", "networkpolicies"),
    "PodDisruptionBudget": Resource("policy", "v1", "poddisruptionbudgets"),
    "HorizontalPodAutoscaler": Resource("autoscaling", "v2", "horizontalpodautoscalers"),
    "Role": Resource(RBAC, "v1", "roles"),
    "RoleBinding": Resource(RBAC, "v1", "rolebindings"),
    "ClusterRole": Resource(RBAC, "v1", "clusterroles", is_namespaced=False),
    "ClusterRoleBinding": Resource(RBAC, "v1", "clusterrolebindings", is_namespaced=False),
}
POD_KINDS: Final = frozenset(POD_TEMPLATES)


def resource_rules(kinds: Iterable[str]) -> list[dict[str, Any]]:
    """What a policy matches: one entry per group and version."""
    plurals: dict[tuple[str, str], list[str]] = {}
    for kind, resource in RESOURCES.items():
        if kind in kinds:
            names = [resource.plural, *(f"{resource.plural}/{sub}" for sub in resource.subresources)]
            plurals.setdefault((resource.group, resource.version), []).extend(names)
    return [
        {"apiGroups": [group], "apiVersions": [version], "operations": ["CREATE", "UPDATE"], "resources": names}
        for (group, version), names in plurals.items()
    ]


def template() -> str:
    """CEL that finds the pod, or the template of pods, in an object of any of the kinds that have one."""
    cel = ""
    for kind, path in POD_TEMPLATES.items():
        if path != "spec.template":
            cel += f"object.kind == '{kind}' ? variables.object{_optional(path)} : "
    return f"{cel}variables.object{_optional('spec.template')}"


def _optional(path: str) -> str:
    return "".join(f".?{key}" for key in path.split(".")) + ".orValue({})" if path else ""
