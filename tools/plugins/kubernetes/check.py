"""Check: from what the program says to the inputs that are kept and compared. Named, with a namespace, normalised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.plugins.kubernetes.autoname import Naming, with_name
from tools.plugins.kubernetes.kinds import Kind, of_token, refuse
from tools.plugins.kubernetes.normalise import normalise
from tools.plugins.kubernetes.objects import api_version_of, kind_of, namespace_of, with_metadata
from tools.plugins.kubernetes.scopes import Scopes
from tools.plugins.kubernetes.values import UNKNOWN, Object, for_state, mark_secrets, plain


def check(
    token: str,
    news: Mapping[str, Any],
    olds: Mapping[str, Any],
    *,
    naming: Naming,
    scopes: Scopes,
    default_namespace: str,
) -> Object:
    """The inputs of a resource, secrets still marked; raises InputError or RefusedError."""
    obj: Object = plain(news)
    refuse(token, kind_of(obj))
    obj = _with_kind(obj, of_token(token))
    obj = with_name(normalise(obj), normalise(plain(olds)) if olds else {}, naming)
    scopes.declare(obj)
    kind = Kind(api_version_of(obj), kind_of(obj))
    metadata = obj.get("metadata", {})
    has_namespace = not isinstance(metadata, dict) or metadata.get("namespace") is UNKNOWN or bool(namespace_of(obj))
    if not has_namespace and scopes.is_namespaced(kind):
        obj = with_metadata(obj, namespace=default_namespace)
    return mark_secrets(for_state(obj), news)


def _with_kind(obj: Object, kind: Kind) -> Object:
    """SDKs set both; a program that talks to the engine directly may leave them out."""
    return {"apiVersion": kind.api_version, "kind": kind.kind, **obj}
