"""Small questions to Kubernetes objects: name, namespace, annotations, conditions, who owns whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.plugins.kubernetes.values import UNKNOWN, Object

DEFAULT_NAMESPACE = "default"


def child(obj: Mapping[str, Any], *keys: str) -> Any:
    """What lies under the keys; None where there is nothing (or nothing known)."""
    value: Any = obj
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return None if value is UNKNOWN else value


def section(obj: Mapping[str, Any], *keys: str) -> Object:
    """The object under the keys; empty where there is none."""
    value = child(obj, *keys)
    return value if isinstance(value, dict) else {}


def items(obj: Mapping[str, Any], *keys: str) -> list[Any]:
    """The list under the keys; empty where there is none."""
    value = child(obj, *keys)
    return value if isinstance(value, list) else []


def count(obj: Mapping[str, Any], *keys: str, default: int = 0) -> int:
    """The whole number under the keys."""
    value = child(obj, *keys)
    return value if isinstance(value, int) else default


def kind_of(obj: Mapping[str, Any]) -> str:
    """Its kind; empty when it has none."""
    return _text(obj, "kind")


def api_version_of(obj: Mapping[str, Any]) -> str:
    """Its apiVersion; empty when it has none."""
    return _text(obj, "apiVersion")


def name_of(obj: Mapping[str, Any]) -> str:
    """Its name; empty when it has none."""
    return _text(obj, "metadata", "name")


def namespace_of(obj: Mapping[str, Any]) -> str:
    """Its namespace; empty when it has none."""
    return _text(obj, "metadata", "namespace")


def uid_of(obj: Mapping[str, Any]) -> str:
    """Its unique id; empty before it exists."""
    return _text(obj, "metadata", "uid")


def id_of(obj: Mapping[str, Any]) -> str:
    """The id that Pulumi keeps: `namespace/name`, or the name alone for kinds without a namespace."""
    namespace = namespace_of(obj)
    return f"{namespace}/{name_of(obj)}" if namespace else name_of(obj)


def split_id(text: str) -> tuple[str, str]:
    """Namespace (may be empty) and name of an id."""
    namespace, _, name = text.rpartition("/")
    return namespace, name


def is_kind(obj: Mapping[str, Any], api_version: str, kind: str) -> bool:
    """Whether it is of this very kind."""
    return api_version_of(obj) == api_version and kind_of(obj) == kind


def is_crd(obj: Mapping[str, Any]) -> bool:
    """Whether it defines a kind."""
    return kind_of(obj) == "CustomResourceDefinition" and api_version_of(obj).startswith("apiextensions.k8s.io/")


def annotation(obj: Mapping[str, Any], key: str) -> str:
    """An annotation; empty when it is not there."""
    value = section(obj, "metadata", "annotations").get(key)
    return value if isinstance(value, str) else ""


def with_metadata(obj: Object, **fields: Any) -> Object:
    """A copy with these fields in its metadata; a field that is None is taken away."""
    metadata = {**section(obj, "metadata"), **fields}
    return {**obj, "metadata": {key: value for key, value in metadata.items() if value is not None}}


def condition(obj: Mapping[str, Any], kind: str) -> Object:
    """One of its status conditions; empty when it is not there."""
    found = (one for one in items(obj, "status", "conditions") if isinstance(one, dict) and one.get("type") == kind)
    return next(found, {})


def is_true(obj: Mapping[str, Any], kind: str) -> bool:
    """Whether one of its status conditions holds."""
    return condition(obj, kind).get("status") == "True"


def is_owned_by(obj: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    """Whether `owner` has made it."""
    uid = uid_of(owner)
    return bool(uid) and any(child(one, "uid") == uid for one in items(obj, "metadata", "ownerReferences"))


def _text(obj: Mapping[str, Any], *keys: str) -> str:
    value = child(obj, *keys)
    return value if isinstance(value, str) else ""
