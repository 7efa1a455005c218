"""The envelope of every Kubernetes object, and the security settings that every pod shares."""

from typing import Any

from infra import names
from infra.plan import ModelPlan, Plan

Manifest = dict[str, Any]
# Logs and /tmp on the node's own disk; weights are on volumes.
DISK_REQUEST = {"ephemeral-storage": "128Mi"}
DISK_LIMIT = {"ephemeral-storage": "1Gi"}


def manifest(
    api_version: str, kind: str, name: str, namespace: str | None, labels: dict[str, str], **body: Any
) -> Manifest:
    """An object as the API takes it; `body` holds its top-level fields (spec, data, ...)."""
    metadata: Manifest = {"name": name, "labels": labels}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def common_labels(plan: Plan) -> dict[str, str]:
    """Labels of every object of a stack."""
    return {**names.common_labels(), **plan.labels}


def model_labels(plan: Plan, model: ModelPlan, role: str) -> dict[str, str]:
    """Labels of one model's objects, and of the pods that serve it."""
    return {**names.model_labels(model.id, role), **plan.labels}


def pod_security() -> Manifest:
    """Pod-level half of Pod Security `restricted`; fsGroup makes the volume writable for the Job that fills it."""
    return {
        "runAsNonRoot": True,
        "runAsUser": names.NOBODY,
        "runAsGroup": names.NOBODY,
        "fsGroup": names.NOBODY,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Manifest:
    """Container-level half of Pod Security `restricted`, and a root file system that can't be written."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
