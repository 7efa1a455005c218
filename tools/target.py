"""Which cluster the stack `local` goes to: the one that KUBECONFIG names, else the local one, started here.

Either way the answer is one endpoints file, so the program under infra/ does not know the difference.
"""

from __future__ import annotations

import ipaddress
import platform
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from infra import endpoints as endpoints_file
from infra.cluster import Access, Located, Server, require
from infra.endpoints import Endpoints
from infra.environment import Environment
from infra.errors import ClusterError
from tools.cluster import cluster
from tools.errors import ClusterUnreachable, PrerequisiteMissing, ToolError
from tools.progress import Progress
from tools.settings import OwnCluster, Settings

REQUIRED = {
    "SLIPWAY_REGISTRY": "the registry (host[:port][/path]) that this machine can push to and the cluster can pull from",
    "SLIPWAY_INGRESS_URL": "where the cluster's ingress controller answers, e.g. https://models.example.com",
    "SLIPWAY_INGRESS_CIDRS": "from which addresses it reaches pods, e.g. 10.0.0.0/16; 0.0.0.0/0 lets anyone in",
}
"""Nothing here has a default: a guess would print a wrong address or open the models to the whole network."""


def check(settings: Settings) -> None:
    """Raise what can be known to fail, before minutes are spent and before anything changes."""
    if settings.kubeconfig is None:
        _need_machine()
        cluster.need_root()
        cluster.need_room(settings)
    else:
        of_kubeconfig(settings.kubeconfig, settings)


def ensure(settings: Settings, progress: Progress) -> Endpoints:
    """Start or find the cluster and write the endpoints file."""
    need_no_other(settings)
    if settings.kubeconfig is None:
        return cluster.up(settings, progress)
    with progress.step(f"cluster of {settings.kubeconfig}") as step:
        endpoints = of_kubeconfig(settings.kubeconfig, settings)
        step.note = f"context {endpoints.context}, images to {endpoints.registry}"
        if settings.unused_kubeconfigs:
            step.note += f"; not used: {', '.join(map(str, settings.unused_kubeconfigs))}"
        endpoints_file.save(endpoints, settings.state_dir)
    return endpoints


def need_no_other(settings: Settings) -> None:
    """Raise where the stack is on a cluster of the user's own and would now go to the local one.

    `make down` forgets a stack with the local cluster, and with it what it still had on the other one.
    """
    endpoints = endpoints_file.load(settings.state_dir)
    if settings.kubeconfig is None and endpoints is not None and is_own(endpoints, settings):
        raise ToolError(
            f"the stack local is on the cluster of {endpoints.kubeconfig} (context {endpoints.context}): "
            f"`make down` first, or go on there with KUBECONFIG={endpoints.kubeconfig}"
        )


def is_own(endpoints: Endpoints, settings: Settings) -> bool:
    """Whether the stack is on a cluster of the user's own, which outlives it."""
    return endpoints.kubeconfig is not None and not Path(endpoints.kubeconfig).is_relative_to(settings.state_dir)


def of_kubeconfig(kubeconfig: Path, settings: Settings) -> Endpoints:
    """Endpoints of a cluster that exists; ClusterUnreachable when its API server does not answer."""
    need_own_settings(settings.own)
    context = current_context(kubeconfig)
    need_answer(kubeconfig, context)
    return Endpoints(
        kubeconfig=str(kubeconfig.absolute()),
        context=context,
        registry=settings.own.registry,
        builder=settings.own.builder,
        base_image=settings.own.base_image,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
        ingress_class=settings.own.ingress_class,
        ingress_url=settings.own.ingress_url,
        ingress_source_cidrs=settings.own.ingress_source_cidrs,
        storage_classes=settings.own.storage_classes,
    )


def need_own_settings(own: OwnCluster) -> None:
    """Raise unless all that only the user can know is there and well-formed."""
    given = (own.registry, own.ingress_url, own.ingress_source_cidrs)
    lacking = [name for name, value in zip(REQUIRED, given, strict=True) if not value]
    if lacking:
        what = "; ".join(f"{name}: {REQUIRED[name]}" for name in lacking)
        raise ToolError(f"not set, but needed with a cluster of your own (KUBECONFIG): {what}")
    url = urlsplit(own.ingress_url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ToolError(f"SLIPWAY_INGRESS_URL={own.ingress_url!r}: must be http://HOST or https://HOST, port allowed")
    for cidr in own.ingress_source_cidrs:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as e:
            raise ToolError(f"SLIPWAY_INGRESS_CIDRS={cidr!r}: must be networks such as 10.0.0.0/16 ({e})") from e


def need_answer(kubeconfig: Path, context: str) -> None:
    """Raise ClusterUnreachable unless something listens where the context's API server should be."""
    access = Access(str(kubeconfig), context, context)
    try:
        # As the program itself checks before an update, proxies included.
        require(Located(access, _server(kubeconfig, context), missing=None), Environment.read().proxied_schemes)
    except ClusterError as e:
        raise ClusterUnreachable(
            f"KUBECONFIG={kubeconfig}: {'; '.join(e.problems)}; "
            "start that cluster, name another one, or unset KUBECONFIG for the local cluster"
        ) from e


def current_context(kubeconfig: Path) -> str:
    """Name of the current context."""
    name = _read(kubeconfig).get("current-context")
    if not isinstance(name, str):
        raise _not_a_kubeconfig(kubeconfig, "a current-context")
    _server(kubeconfig, name)
    return name


def _server(kubeconfig: Path, context: str) -> Server:
    config = _read(kubeconfig)
    try:
        used = next(c["context"] for c in config["contexts"] if c["name"] == context)
        found = next(c["cluster"] for c in config["clusters"] if c["name"] == used["cluster"])
        return Server(str(found["server"]), bool(found.get("proxy-url")))
    except (KeyError, TypeError, StopIteration) as e:
        raise _not_a_kubeconfig(kubeconfig, f"a context {context!r} that has a cluster") from e


def _read(kubeconfig: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(kubeconfig.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        raise _not_a_kubeconfig(kubeconfig, "YAML") from e
    if not isinstance(config, dict):
        raise _not_a_kubeconfig(kubeconfig, "YAML")
    return config


def _not_a_kubeconfig(kubeconfig: Path, lacks: str) -> ToolError:
    return ToolError(f"KUBECONFIG={kubeconfig}: not a kubeconfig with {lacks}; try `kubectl config get-contexts`")


def _need_machine() -> None:
    """The stack's image, and so the cluster that runs it, is for linux/amd64."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        raise PrerequisiteMissing(
            f"the local cluster needs Linux on x86_64, this is {system} on {machine}",
            "name a cluster of your own with KUBECONFIG=<file>",
        )
