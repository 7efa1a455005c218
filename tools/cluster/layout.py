"""Names, addresses, ports and folders of the local cluster: the one place that decides them.

Pure: knows nothing of running processes. Two ports are fixed because people and image references see them (registry,
ingress); all others are chosen when the cluster is made, and kept in its state.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tools.errors import PortInUse, ToolError
from tools.settings import DEFAULT_INGRESS_PORT, DEFAULT_REGISTRY_PORT, Settings

NAME = "slipway-local"
"""Cluster, context and node."""
BRIDGE = "slipway0"
NODE_IP = "10.244.0.1"
"""The pod bridge's own address: it exists wherever the cluster runs, whatever network a laptop is in."""
POD_CIDR = "10.244.0.0/16"
NODE_POD_CIDR = "10.244.0.0/24"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_SERVICE_IP = "10.96.0.10"
CLUSTER_DOMAIN = "cluster.local"
STORAGE_CLASSES = ("standard", "fast-ssd")
"""The first is the default."""
CNI_NETWORK = "slipway"
INGRESS_CLASS = "slipway"
BUILDER = "slipway"
MAX_STATE_DIR_LENGTH = 65
QUIET_PORTS = range(20000, 30000)
"""Below NodePorts (from 30000), and below what Linux gives to connections and to whoever asks for any (from 32768)."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every TCP port that the cluster listens on."""

    registry: int
    ingress: int
    apiserver: int
    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int
    kubelet: int
    kubelet_health: int
    kube_proxy_health: int
    kube_proxy_metrics: int
    dns: int
    dns_health: int
    dns_ready: int
    metrics_server: int
    kwok: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one cluster lives."""

    dir: Path
    ports: Ports
    builder_dir: Path
    """The builder's layers, in the cache: they outlive the cluster and make the next build quick."""

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.dir / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.kubeconfig_of("admin")

    def kubeconfig_of(self, user: str) -> Path:
        """The kubeconfig of one component."""
        return self.dir / "kubeconfig" / f"{user}.yaml"

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.dir / "logs"

    @property
    def run(self) -> Path:
        """Pid files and sockets."""
        return self.dir / "run"

    @property
    def conf(self) -> Path:
        """Rendered configuration files."""
        return self.dir / "conf"

    @property
    def volumes(self) -> Path:
        """Directories behind PersistentVolumes."""
        return self.dir / "volumes"

    @property
    def containerd_socket(self) -> Path:
        """Where the kubelet finds containerd."""
        return self.run / "containerd.sock"

    @property
    def buildkit_socket(self) -> Path:
        """Where builds go."""
        return self.run / "buildkitd.sock"

    @property
    def apiserver_url(self) -> str:
        """From this machine; pods reach it through the service `kubernetes`."""
        return f"https://127.0.0.1:{self.ports.apiserver}"

    @property
    def registry_address(self) -> str:
        """Host and port, as image references carry it."""
        return f"127.0.0.1:{self.ports.registry}"

    @property
    def ingress_url(self) -> str:
        """Where Ingress objects are served: on this machine only, by a name, as an Ingress knows no addresses."""
        return f"http://localhost:{self.ports.ingress}"

    @property
    def base_image(self) -> str:
        """The debootstrap image, where the public one can't be pulled."""
        return f"{self.registry_address}/library/debian:bookworm-slim"


def is_made(settings: Settings) -> bool:
    """Whether there is a cluster in the state folder, running or not."""
    return (settings.state_dir / "cluster" / "ports.json").exists()


def of(settings: Settings) -> Layout:
    """The layout of the cluster in the state folder: as it was made, or a new one with free ports."""
    home = settings.state_dir / "cluster"
    saved = home / "ports.json"
    ports = _complete(json.loads(saved.read_text())) if saved.exists() else _new_ports(settings)
    return Layout(home, ports, settings.cache_dir / "buildkit")


def save(layout: Layout) -> None:
    """Keep the ports, so that a restarted cluster has the same addresses."""
    layout.dir.mkdir(parents=True, exist_ok=True)
    partial = layout.dir / "ports.json.partial"
    partial.write_text(json.dumps(asdict(layout.ports), indent=2))
    partial.replace(layout.dir / "ports.json")


def check_ports(settings: Settings, layout: Layout, running: Collection[str]) -> None:
    """For a cluster that was made: its two fixed ports are those that are asked for, and free unless it has them.

    A default counts as not asked for, so a cluster on other ports is found without naming them again.
    """
    for fixed in _fixed(settings):
        made: int = getattr(layout.ports, fixed.name)
        if fixed.asked not in (0, fixed.default, made):
            raise ToolError(
                f"{fixed.setting}={fixed.asked}: the local cluster was made with port {made}; "
                f"`make down` first, or unset {fixed.setting}"
            )
        if fixed.daemon not in running and not is_free(made):
            raise PortInUse(made, fixed.setting)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A port that people see."""

    name: str
    setting: str
    daemon: str
    asked: int
    default: int


def _fixed(settings: Settings) -> tuple[_Fixed, _Fixed]:
    return (
        _Fixed("registry", "SLIPWAY_REGISTRY_PORT", "registry", settings.registry_port, DEFAULT_REGISTRY_PORT),
        _Fixed("ingress", "SLIPWAY_INGRESS_PORT", "caddy", settings.ingress_port, DEFAULT_INGRESS_PORT),
    )


def _new_ports(settings: Settings) -> Ports:
    one, other = _fixed(settings)
    if one.asked and one.asked == other.asked:
        raise ToolError(f"{one.setting} and {other.setting} are both {one.asked}: set one of them to another port")
    for fixed in (one, other):
        if fixed.asked and not is_free(fixed.asked):
            raise PortInUse(fixed.asked, fixed.setting)
    return _complete({fixed.name: fixed.asked for fixed in (one, other) if fixed.asked})


def _complete(known: dict[str, int]) -> Ports:
    """Known ports, and free ones for the rest: all of a new cluster, or what a newer version of ours added."""
    names = [f.name for f in fields(Ports) if f.name not in known]
    return Ports(**known, **dict(zip(names, free_ports(len(names)), strict=True)))


def check_length(state_dir: Path) -> None:
    """The kernel allows 107 characters for a socket's path; the kubelet's deepest one takes 42 below this folder."""
    if len(str(state_dir)) > MAX_STATE_DIR_LENGTH:
        raise ToolError(
            f"SLIPWAY_STATE_DIR={str(state_dir)!r} has {len(str(state_dir))} characters; "
            f"at most {MAX_STATE_DIR_LENGTH} are allowed, as the cluster's sockets lie below it"
        )


def is_free(port: int) -> bool:
    """Whether nothing listens on the port of this machine."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(num: int) -> list[int]:
    """Distinct ports that are free now; all are held until the last is found.

    None that the system gives away by itself: a process of the cluster takes its port seconds after this, and again
    after a reboot, and till then any connection of this machine could have got it.
    """
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in secrets.SystemRandom().sample(QUIET_PORTS, len(QUIET_PORTS)):
            if len(found) == num:
                break
            with contextlib.suppress(OSError):  # taken
                held.enter_context(socket.socket()).bind(("", port))
                found.append(port)
    return found
