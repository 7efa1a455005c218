"""Whether a kind lives in namespaces: also without a cluster, and for kinds that the program itself defines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tools.plugins.kubernetes.errors import NoSuchKindError, UnreachableError
from tools.plugins.kubernetes.kinds import Kind, builtin_scope
from tools.plugins.kubernetes.objects import child, is_crd


class Scopes:
    """What is known of kinds: built in, defined by this program, else asked with `ask`."""

    def __init__(self, ask: Callable[[Kind], bool]) -> None:
        self._ask = ask
        self._declared: dict[tuple[str, str], bool] = {}

    def declare(self, obj: Mapping[str, Any]) -> None:
        """Remember what a CustomResourceDefinition says; anything else is ignored."""
        if is_crd(obj):
            group, kind = child(obj, "spec", "group"), child(obj, "spec", "names", "kind")
            self._declared[group or "", kind or ""] = child(obj, "spec", "scope") == "Namespaced"

    def is_namespaced(self, kind: Kind) -> bool:
        """Yes or no; a kind that nobody knows yet is taken to live in namespaces, as most do."""
        known = builtin_scope(kind)
        if known is None:
            known = self._declared.get((kind.group, kind.kind))
        if known is not None:
            return known
        try:
            return self._ask(kind)
        except (NoSuchKindError, UnreachableError):
            return True
