"""Which fields can't be changed in place: a change there replaces the object. Data, as the official provider has it.

The table is part of what a program may rely on: more entries would replace where the official provider updates, and
fewer would fail where it replaces. A field that the API server refuses to change without being listed here is an
error in both.
"""

from __future__ import annotations

from typing import Any, Final

from tools.plugins.kubernetes.diff import Change
from tools.plugins.kubernetes.objects import api_version_of, child, kind_of
from tools.plugins.kubernetes.paths import MISSING, WILDCARD, Path, covers, look_up, parse
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import Object

ALWAYS: Final = ("metadata.name", "metadata.namespace")

_POD: Final = (
    *(
        f"spec.{field}"
        for field in (
            "affinity",
            "automountServiceAccountToken",
            "dnsConfig",
            "dnsPolicy",
            "enableServiceLinks",
            "hostAliases",
            "hostIPC",
            "hostNetwork",
            "hostPID",
            "hostname",
            "imagePullSecrets",
            "nodeName",
            "nodeSelector",
            "overhead",
            "preemptionPolicy",
            "priority",
            "priorityClassName",
            "readinessGates",
            "restartPolicy",
            "runtimeClassName",
            "schedulerName",
            "securityContext",
            "serviceAccount",
            "serviceAccountName",
            "shareProcessNamespace",
            "subdomain",
            "terminationGracePeriodSeconds",
            "volumes",
        )
    ),
    *(
        f"spec.{containers}[*].{field}"
        for containers in ("containers", "initContainers")
        for field in (
            "args",
            "command",
            "env",
            "image",
            "imagePullPolicy",
            "lifecycle",
            "livenessProbe",
            "ports",
            "readinessProbe",
            "resources",
            "securityContext",
            "stdin",
            "stdinOnce",
            "terminationMessagePath",
            "terminationMessagePolicy",
            "tty",
            "volumeDevices",
            "volumeMounts",
            "workingDir",
        )
    ),
)

_PERSISTENT_VOLUME: Final = tuple(
    f"spec.{source}"
    for source in (
        "awsElasticBlockStore",
        "azureDisk",
        "azureFile",
        "cephfs",
        "cinder",
        "csi",
        "fc",
        "flexVolume",
        "flocker",
        "gcePersistentDisk",
        "glusterfs",
        "hostPath",
        "iscsi",
        "local",
        "nfs",
        "photonPersistentDisk",
        "portworxVolume",
        "quobyte",
        "rbd",
        "scaleIO",
        "storageos",
        "vsphereVolume",
    )
)

FIELDS: Final = {
    ("apps/v1", "DaemonSet"): ("spec.selector",),
    ("apps/v1", "Deployment"): ("spec.selector",),
    ("apps/v1", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch/v1", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("v1", "PersistentVolume"): _PERSISTENT_VOLUME,
    ("v1", "PersistentVolumeClaim"): (
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    ),
    ("v1", "Pod"): _POD,
    ("v1", "ResourceQuota"): ("spec.scopes",),
    ("v1", "Secret"): ("type",),
    ("v1", "Service"): ("spec.clusterIP",),
}

_CONFIG_MAP_DATA: Final = ("binaryData", "data")
_SECRET_DATA: Final = ("type", "stringData", "data")


def fields_of(obj: Object, settings: Settings) -> tuple[Path, ...]:
    """The paths whose change replaces this object."""
    kind = (api_version_of(obj), kind_of(obj))
    is_frozen = child(obj, "immutable") is True
    fields = FIELDS.get(kind, ())
    if kind == ("v1", "ConfigMap") and (is_frozen or not settings.is_config_map_mutable):
        fields = _CONFIG_MAP_DATA
    if kind == ("v1", "Secret") and (is_frozen or not settings.is_secret_mutable):
        fields = _SECRET_DATA
    return tuple(parse(field) for field in (*ALWAYS, *fields))


def is_replacing(change: Change, fields: tuple[Path, ...]) -> bool:
    """Whether a change is at, below, or around one of the fields."""
    return any(
        covers(field, change.path) or (_is_above(change.path, field) and _holds(change.new, field[len(change.path) :]))
        for field in fields
    )


def _is_above(path: Path, field: Path) -> bool:
    return len(path) < len(field) and all(wanted in (WILDCARD, step) for step, wanted in zip(path, field, strict=False))


def _holds(value: Any, rest: Path) -> bool:
    """Whether a value that was added as a whole has something at the rest of a field's path."""
    if WILDCARD in rest:
        at = rest.index(WILDCARD)
        inner = look_up(value, rest[:at])
        return isinstance(inner, list) and any(_holds(item, rest[at + 1 :]) for item in inner)
    return look_up(value, rest) is not MISSING
