"""Namespaces: every object in one of its own, and each of them bounded."""

import re
from typing import Any

from kube.objects import Stack
from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts import repairs
from policies.facts.pod_index import namespace_of
from policies.rule import MANDATORY, Findings, object_rule, stack_rule
from policies.settings import Settings

NAMESPACED = frozenset(
    (
        *("Pod", "PodTemplate", "ReplicationController", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
        *("Job", "CronJob", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ConfigMap", "Secret"),
        *("Service", "Endpoints", "EndpointSlice", "Ingress", "NetworkPolicy", "PersistentVolumeClaim", "Lease"),
        *("ServiceAccount", "Role", "RoleBinding", "ResourceQuota", "LimitRange"),
    )
)
"""Kinds of Kubernetes itself that lie in a namespace. Others are judged where they name one."""

LABEL = "pod-security.kubernetes.io/enforce"
VERSION_LABEL = f"{LABEL}-version"
OLDEST = (1, 25)
"""Since then `restricted` has all of its controls but those for new fields."""


@object_rule(
    why="Namespace default is everybody's, and kube-* the control plane's: what is there is fenced off from neither.",
    source="NSA/CISA Kubernetes Hardening Guide 1.12; kube-linter use-namespace; Checkov CKV_K8S_21; Trivy KSV-0110",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}",
    good="{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: a}}",
)
def namespace_not_default(target: View, _settings: Settings) -> Findings:
    """Each object names a namespace that is neither default nor the control plane's.

    Kinds without namespaces name none, and of a kind that we don't know we can't tell whether it has to.
    """
    namespace = target.text("metadata.namespace")
    if namespace in (None, "") and target.object.kind in NAMESPACED:
        yield target.bad("metadata.namespace", "must be set: without it, kubectl takes default")
    elif namespace == "default" or str(namespace).startswith("kube-"):
        yield target.bad("metadata.namespace", f"must not be {namespace}")


def _label(data: dict[str, Any], settings: Settings) -> None:
    """Enforce what the settings say, where the labels say nothing or something weaker."""
    if data.get("kind") != "Namespace":
        return
    if repairs.get(data, "metadata.labels") is None:
        repairs.put(data, "metadata.labels", {})
    labels = repairs.get(data, "metadata.labels")
    if not isinstance(labels, dict):
        return
    major, minor = settings.kubernetes_version
    for label, is_good, value in (
        (LABEL, _is_enforced, settings.pod_security_level),
        (VERSION_LABEL, _is_current, f"v{major}.{minor}"),
    ):
        found = labels.get(label)
        if found is None or (isinstance(found, str) and not is_good(found, settings)):
            labels[label] = value


@object_rule(
    "Namespace",
    why="Without the label the API server admits privileged pods, whoever makes them.",
    source="Kubernetes Pod Security Admission; Kyverno add-psa-labels, deny-privileged-profile",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
    good="""
    {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {
      pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/enforce-version: v1.36}}}
    """,
    remedy=_label,
)
def namespace_pss_enforced(namespace: View, settings: Settings) -> Findings:
    """The namespace enforces `restricted`, by the rules of a version that its cluster knows, or `latest`."""
    labels = namespace.at("metadata.labels")
    level, version = labels.text((LABEL,)), labels.text((VERSION_LABEL,))
    if level is not UNKNOWN and not _is_enforced(level, settings):
        yield labels.bad((LABEL,), f"must be {settings.pod_security_level}")
    if version is not UNKNOWN and not _is_current(version, settings):
        oldest, newest = (f"v{major}.{minor}" for major, minor in (OLDEST, settings.kubernetes_version))
        yield labels.bad((VERSION_LABEL,), f"must be latest, or a version from {oldest} to {newest}")


@stack_rule(
    why="In a namespace without bounds one mistake takes all nodes, and the money for them.",
    source="NSA/CISA Kubernetes Hardening Guide 4; Trivy KSV-0039, KSV-0040; Kyverno add-ns-quota",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Namespace, metadata: {name: a}}",
    good="""
    {apiVersion: v1, kind: Namespace, metadata: {name: a}}
    ---
    {apiVersion: v1, kind: ResourceQuota, metadata: {name: a, namespace: a}, spec: {hard: {pods: "9"}}}
    ---
    {apiVersion: v1, kind: LimitRange, metadata: {name: a, namespace: a}, spec: {
      limits: [{type: Container, max: {memory: 8Gi}}]}}
    """,
)
def namespace_quota_and_limits(stack: Stack, _settings: Settings) -> Findings:
    """Each namespace that the stack makes has a quota and a limit range in the stack."""
    for kind in ("ResourceQuota", "LimitRange"):
        bounded = {namespace_of(view.object, stack.trace) for view in stack.of_kind(kind)}
        perhaps = UNKNOWN if UNKNOWN in bounded else None
        for namespace in stack.of_kind("Namespace"):
            name = namespace.text("metadata.name")
            if name not in bounded:
                yield namespace.bad("metadata.name", f"has no {kind} in the stack", name, perhaps)


def _is_enforced(level: Any, settings: Settings) -> bool:
    return level in ("restricted", settings.pod_security_level)


def _is_current(version: Any, settings: Settings) -> bool:
    found = re.fullmatch(r"v1\.([0-9]{1,9})", str(version))
    return version == "latest" or (found is not None and OLDEST <= (1, int(found[1])) <= settings.kubernetes_version)
