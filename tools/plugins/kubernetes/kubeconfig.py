"""Which cluster to talk to: from a kubeconfig given as path, YAML or JSON text, by KUBECONFIG, or in its usual place.

Reads files and merges them as kubectl does; connects to nothing. Whatever is missing or wrong here means that there
is no cluster, which a preview can live with: it is an UnreachableError.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import Object

USUAL_PLACE: Final = ".kube/config"
SECTIONS: Final = {"clusters": "cluster", "contexts": "context", "users": "user"}
PATH_KEYS: Final = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass(frozen=True, slots=True)
class Access:
    """One cluster and the user to be there."""

    server: str
    namespace: str
    """For objects that name none; empty when the context has none."""
    user: Mapping[str, Any]
    """The kubeconfig's entry, see credentials.py."""
    cluster: Mapping[str, Any]
    ca_pem: str = ""
    """Empty means what this machine trusts."""
    is_tls_unchecked: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


def load(settings: Settings, environ: Mapping[str, str]) -> Access:
    """The access that the settings name."""
    config = _merge(_sources(settings.kubeconfig, environ))
    context_name = settings.context or config.get("current-context") or ""
    if not context_name:
        raise UnreachableError("no kubeconfig was found, or it has no current-context and no context was chosen")
    context = _pick(config, "contexts", context_name)
    cluster = _pick(config, "clusters", settings.cluster or context.get("cluster") or "")
    user = _pick(config, "users", context["user"]) if context.get("user") else {}
    if not cluster.get("server"):
        raise UnreachableError(f"kubeconfig: the cluster of context {context_name!r} has no server")
    return Access(
        server=str(cluster["server"]).rstrip("/"),
        namespace=settings.namespace or context.get("namespace") or "",
        user=user,
        cluster=cluster,
        ca_pem=pem(cluster, "certificate-authority"),
        is_tls_unchecked=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=cluster.get("tls-server-name") or "",
        proxy_url=cluster.get("proxy-url") or "",
    )


def active_cluster(text: str, context: str, cluster: str) -> Object | None:
    """The cluster entry that a provider's configuration points to, if it says so itself: has the cluster changed?"""
    try:
        config = _merge(_sources(text, {}) if text else ())
        chosen = cluster or _pick(config, "contexts", context or config.get("current-context") or "").get("cluster")
        return _pick(config, "clusters", chosen or "")
    except UnreachableError:
        return None


def pem(entry: Mapping[str, Any], key: str) -> str:
    """A certificate or key, inline (`KEY-data`) or from its file; empty when there is none."""
    data = entry.get(f"{key}-data")
    try:
        if data:
            return base64.b64decode(data).decode()
        return Path(entry[key]).read_text() if entry.get(key) else ""
    except (OSError, binascii.Error, UnicodeDecodeError) as e:
        raise UnreachableError(f"kubeconfig: {key} can't be read: {e}") from e


def _sources(given: str, environ: Mapping[str, str]) -> Iterable[Object]:
    """Every kubeconfig that counts, the most important one first."""
    if given and ("\n" in given or given.lstrip().startswith("{")):
        return [_parse(given, "the kubeconfig text", Path())]
    named = given or environ.get("KUBECONFIG") or ""
    home = environ.get("HOME") or str(Path.home())
    places = [part for part in named.split(os.pathsep) if part] or [f"{home}/{USUAL_PLACE}"]
    paths = [Path(home + place[1:]) if place.startswith("~") else Path(place) for place in places]
    found = [path for path in paths if path.is_file()]
    if named and not found:
        raise UnreachableError(f"kubeconfig {named!r}: no such file")
    return [_parse(_read(path), str(path), path.parent) for path in found]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as e:
        raise UnreachableError(f"kubeconfig {path}: {e.strerror}") from e


def _parse(text: str, name: str, directory: Path) -> Object:
    import yaml  # only where a kubeconfig is read: not at every start

    try:
        config = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as e:
        raise UnreachableError(f"kubeconfig {name}: not valid YAML or JSON: {str(e).splitlines()[0]}") from e
    if not isinstance(config, dict):
        raise UnreachableError(f"kubeconfig {name}: not a kubeconfig, nor the path of one")
    for section, key in SECTIONS.items():
        for entry in config.get(section) or []:
            _resolve(entry.get(key) or {}, directory)
    return config


def _resolve(entry: Object, directory: Path) -> None:
    """Paths in a kubeconfig are relative to the file they stand in."""
    for key in PATH_KEYS:
        if entry.get(key):
            entry[key] = str(directory / entry[key])
    program = (entry.get("exec") or {}).get("command", "")
    if "/" in program:
        entry["exec"]["command"] = str(directory / program)


def _merge(configs: Iterable[Object]) -> Object:
    """One kubeconfig out of several: whoever says something first wins."""
    merged: Object = {section: {} for section in SECTIONS}
    for config in configs:
        merged["current-context"] = merged.get("current-context") or config.get("current-context")
        for section, key in SECTIONS.items():
            for entry in config.get(section) or []:
                merged[section].setdefault(entry.get("name"), entry.get(key) or {})
    return merged


def _pick(config: Object, section: str, name: str) -> Object:
    entries = config[section]
    if name not in entries:
        known = ", ".join(sorted(map(repr, entries))) or "none at all"
        raise UnreachableError(f"kubeconfig: there is no {SECTIONS[section]} {name!r}; it has {known}")
    entry: Object = entries[name]
    return entry
