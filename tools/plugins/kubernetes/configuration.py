"""The configuration of a provider resource: what is allowed in it, and whether a change means another cluster. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tools.plugins.kubernetes.kubeconfig import active_cluster
from tools.plugins.kubernetes.values import UNKNOWN, plain

IDENTIFIER: Final = "clusterIdentifier"
WHERE: Final = ("kubeconfig", "context", "cluster")


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """What differs between two configurations."""

    changed: tuple[str, ...]
    replacing: tuple[str, ...]
    """Options that lead to another cluster: everything in the old one is to be created anew."""


def texts_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Options as texts; those that are not set, or not known yet, are left out."""
    return {
        name: _text(value) for name, value in plain(properties).items() if value is not None and value is not UNKNOWN
    }


def compare_configurations(old: Mapping[str, Any], new: Mapping[str, Any]) -> ConfigurationChange:
    """By the official provider's rules: another cluster is another `clusterIdentifier`, else another cluster entry."""
    before, after = plain(old), plain(new)
    changed = tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))
    old_id, new_id = before.get(IDENTIFIER), after.get(IDENTIFIER)
    if new_id and old_id:
        return ConfigurationChange(changed, (IDENTIFIER,) if new_id != old_id else ())
    unknown = tuple(name for name in WHERE if after.get(name) is UNKNOWN)
    if unknown:
        return ConfigurationChange(changed, unknown)
    moved = _cluster(before) != _cluster(after) and None not in (_cluster(before), _cluster(after))
    return ConfigurationChange(changed, tuple(name for name in WHERE if moved and name in changed))


def _cluster(values: Mapping[str, Any]) -> dict[str, Any] | None:
    texts = texts_of(values)
    return active_cluster(texts.get("kubeconfig", ""), texts.get("context", ""), texts.get("cluster", ""))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
