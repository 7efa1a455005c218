"""The stack's cluster -> what the Kubernetes provider is told, and whether an update may start.

A preview never needs a cluster: where there is no kubeconfig, the provider gets one that leads nowhere, never the
operator's current context by accident. An update is refused here, before the first image is built, when the kubeconfig
or its context is missing or nothing answers. Behind a proxy only the proxy could be asked, so there the provider finds
out.
"""

import re
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import yaml

from infra.errors import ClusterError
from infra.stack import ClusterConfig

CONNECT_TIMEOUT_S = 5
DEFAULT_PORTS = {"https": 443, "http": 80}
LOOPBACK = re.compile(r"localhost|127\..*|::1")  # no client asks a proxy for these

# Port 9 is "discard": nothing listens there, so it is refused at once.
NOWHERE = """\
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
"""

Connect = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Access:
    """What the provider gets. `kubeconfig` is a path, a document, or Pulumi's output of one; None: the usual places."""

    kubeconfig: Any
    context: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Server:
    """An entry of a kubeconfig's clusters."""

    url: str
    has_proxy: bool


@dataclass(frozen=True, slots=True)
class Located:
    """Access, or a preview's stand-in for it with the reason why an update can't start."""

    access: Access
    server: Server | None
    missing: str | None


def locate(config: ClusterConfig, ambient: Iterable[Path]) -> Located:
    """Find the context that the stack names. Reads files, opens no connection."""
    if config.embedded and config.kubeconfig is None:
        return _nowhere(config, "the local cluster has not been started; run `make up`")
    key = "the local cluster's kubeconfig" if config.embedded else "slipway:cluster.kubeconfig"
    named = [Path(config.kubeconfig).expanduser()] if config.kubeconfig else list(ambient)
    try:
        files = [path for path in named if path.is_file()]
        servers = _servers(files)
    except OSError as error:
        return _nowhere(config, f"{key}: {error.filename}: {error.strerror}; allowed: a kubeconfig that can be read")
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        return _nowhere(config, f"{key}: {', '.join(map(str, named))} is not a kubeconfig")
    if not files:
        return _nowhere(config, f"{key}: no file at {', '.join(map(str, named))}; allowed: an existing kubeconfig")
    if config.context not in servers:
        known = ", ".join(sorted(servers)) or "none, the file has no context"
        return _nowhere(config, f"slipway:cluster.context: there is no {config.context!r} in {key}; allowed: {known}")
    path = str(files[0]) if len(named) == 1 else None
    return Located(Access(path, config.context, config.context), servers[config.context], missing=None)


def require(located: Located, proxied_schemes: Collection[str] = (), connect: Connect | None = None) -> None:
    """Raise ClusterError unless an update can start."""
    if located.server is None:
        raise ClusterError([located.missing or "there is no cluster"])
    server, context = located.server, located.access.context
    address, host, port = _parts(server, context)
    if server.has_proxy or (address.scheme in proxied_schemes and not LOOPBACK.fullmatch(host)):
        return
    try:
        (connect or _connect)(host, port)
    except OSError as error:
        raise ClusterError([f"nothing answers at {server.url} (context {context!r}): {error}"]) from None


def _parts(server: Server, context: str) -> tuple[SplitResult, str, int]:
    """The address of a server, its host and its port."""
    try:
        address = urlsplit(server.url)
        port = address.port or DEFAULT_PORTS[address.scheme]
    except (ValueError, KeyError):
        address, port = SplitResult("", "", "", "", ""), 0
    if not address.hostname:
        text = f"the kubeconfig's server of context {context!r}: {server.url!r} is not an address"
        raise ClusterError([f"{text}; allowed: https://host:port"])
    return address, address.hostname, port


def _connect(host: str, port: int) -> None:
    socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S).close()


def _nowhere(config: ClusterConfig, missing: str) -> Located:
    return Located(Access(NOWHERE, "none", config.context), server=None, missing=missing)


def _servers(files: Iterable[Path]) -> dict[str, Server]:
    """Context -> server over all files; as with kubectl, the first file that has a name wins."""
    contexts: dict[str, str] = {}
    clusters: dict[str, Server] = {}
    for path in files:
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for entry in content.get("clusters") or []:
            found = entry["cluster"]
            clusters.setdefault(entry["name"], Server(str(found["server"]), bool(found.get("proxy-url"))))
        for entry in content.get("contexts") or []:
            contexts.setdefault(entry["name"], entry["context"]["cluster"])
    return {name: clusters[cluster] for name, cluster in contexts.items() if cluster in clusters}
