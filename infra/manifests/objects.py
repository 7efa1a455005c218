"""The envelope of every Kubernetes object, and the security settings that every pod shares."""

from typing import Any

from infra import names

Manifest = dict[str, Any]


def manifest(
    api_version: str, kind: str, name: str, namespace: str | None, labels: dict[str, str], **body: Any
) -> Manifest:
    """An object as the API takes it; `body` holds its top-level fields (spec, data, ...)."""
    metadata: Manifest = {"name": name, "labels": labels}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


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
