"""Which cluster the stack `local` goes to: the one that KUBECONFIG names, else the local one, started here.

Either way the answer is one endpoints file, so the program under infra/ does not know the difference.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from infra import endpoints as endpoints_file
from infra.endpoints import Endpoints
from tools.cluster import cluster
from tools.errors import ClusterUnreachable, ToolError
from tools.progress import Progress
from tools.settings import Settings

CONNECT_TIMEOUT_S = 5.0


def check(settings: Settings) -> None:
    """Raise what can be known to fail, before minutes are spent and before anything changes."""
    if settings.kubeconfig is None:
        cluster.need_root()
        cluster.need_room(settings)
    else:
        of_kubeconfig(settings.kubeconfig, os.environ)


def ensure(settings: Settings, progress: Progress) -> Endpoints:
    """Start or find the cluster and write the endpoints file."""
    if settings.kubeconfig is None:
        return cluster.up(settings, progress)
    with progress.step(f"cluster of {settings.kubeconfig}") as step:
        endpoints = of_kubeconfig(settings.kubeconfig, os.environ, settings.ca_file)
        step.note = f"context {endpoints.context}, images to {endpoints.registry}"
        endpoints_file.save(endpoints, settings.state_dir)
    return endpoints


def of_kubeconfig(kubeconfig: Path, environ: Mapping[str, str], ca_file: Path | None = None) -> Endpoints:
    """Endpoints of a cluster that exists; ClusterUnreachable when its API server does not answer."""
    context, server = current_context(kubeconfig)
    address = urlsplit(server)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), CONNECT_TIMEOUT_S).close()
    except OSError as e:
        raise ClusterUnreachable(
            f"KUBECONFIG={kubeconfig}: nothing answers at {server} (context {context!r}): {e}; "
            "start that cluster, name another one, or unset KUBECONFIG for the local cluster"
        ) from e
    registry = environ.get("SLIPWAY_REGISTRY", "")
    if not registry:
        raise ToolError(
            "SLIPWAY_REGISTRY is not set: with a cluster of your own, name the registry (host[:port][/path]) that "
            "this machine can push to and the cluster can pull from"
        )
    return Endpoints(
        kubeconfig=str(kubeconfig.absolute()),
        context=context,
        registry=registry,
        builder=environ.get("SLIPWAY_BUILDER") or None,
        base_image=environ.get("SLIPWAY_BASE_IMAGE") or None,
        ca_file=str(ca_file) if ca_file else None,
        ingress_class=environ.get("SLIPWAY_INGRESS_CLASS") or "nginx",
        ingress_url=environ.get("SLIPWAY_INGRESS_URL") or "http://127.0.0.1",
        ingress_source_cidrs=tuple(environ.get("SLIPWAY_INGRESS_CIDRS", "0.0.0.0/0").split(",")),
        storage_classes=tuple(environ.get("SLIPWAY_STORAGE_CLASSES", "standard").split(",")),
    )


def current_context(kubeconfig: Path) -> tuple[str, str]:
    """Name and server of the current context."""
    try:
        config = yaml.safe_load(kubeconfig.read_text())
        name = config["current-context"]
        context = next(c["context"] for c in config["contexts"] if c["name"] == name)
        server = next(c["cluster"]["server"] for c in config["clusters"] if c["name"] == context["cluster"])
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, StopIteration) as e:
        raise ToolError(
            f"KUBECONFIG={kubeconfig}: not a kubeconfig with a current-context that has a cluster; "
            "try `kubectl config get-contexts`"
        ) from e
    return name, server
