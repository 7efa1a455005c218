"""The environment of the command line, read once, and where things lie on disk.

The only module of `tools` that reads `os.environ` for settings. Three places:

- cache: built tools, packages, the builder's layers. Shared by all clones, survives `make down`, costs time to lose.
- state: one running cluster (processes, certificates, etcd, volumes) and the state of the stack `local` on it.
- clone: `.slipway/` in the checkout: wrappers that belong to this clone's virtual environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.environment import Environment
from tools.errors import ToolError

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

DEFAULT_REGISTRY_PORT = 5000
DEFAULT_INGRESS_PORT = 8080


@dataclass(frozen=True, slots=True)
class OwnCluster:
    """What a cluster of the user's own can't say of itself; empty where it was not set (docs/own-cluster.md).

    Read always, but required only by what goes to that cluster: KUBECONFIG is set in many shells.
    """

    registry: str = ""
    ingress_url: str = ""
    ingress_source_cidrs: tuple[str, ...] = ()
    ingress_class: str = "nginx"
    storage_classes: tuple[str, ...] = ("standard",)
    builder: str | None = None
    base_image: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the command line takes from its environment."""

    cache_dir: Path
    state_dir: Path
    registry_port: int
    ingress_port: int
    kubeconfig: Path | None
    """Named by KUBECONFIG: a cluster that exists already and wins over the local one."""
    ca_file: Path | None
    """Certificates of a company's own CA that downloads inside image builds must trust."""
    own: OwnCluster = field(default_factory=OwnCluster)
    """About the cluster of `kubeconfig`."""
    unused_kubeconfigs: tuple[Path, ...] = ()
    """Other files that KUBECONFIG names: said, not merged."""

    @property
    def clone_dir(self) -> Path:
        """What belongs to this checkout alone."""
        return ROOT / ".slipway"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment; a wrong value is an error that names the variable."""
    state_dir = Environment.read(environ).state_dir.absolute()
    cache_home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    named = [Path(part).expanduser() for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    kubeconfig = _kubeconfig(named, state_dir)
    return Settings(
        cache_dir=Path(environ.get("SLIPWAY_CACHE_DIR") or f"{cache_home}/slipway").absolute(),
        state_dir=state_dir,
        registry_port=_port(environ, "SLIPWAY_REGISTRY_PORT", DEFAULT_REGISTRY_PORT),
        ingress_port=_port(environ, "SLIPWAY_INGRESS_PORT", DEFAULT_INGRESS_PORT),
        kubeconfig=kubeconfig,
        ca_file=_ca_file(environ),
        own=_own_cluster(environ),
        unused_kubeconfigs=tuple(path for path in named if kubeconfig and path != kubeconfig),
    )


def go_folders(environ: Mapping[str, str]) -> dict[str, str]:
    """Go's caches: where Go keeps them, but in a cache that was put elsewhere for its size (several GiB)."""
    named = environ.get("SLIPWAY_CACHE_DIR")
    if not named:
        return {}
    go = Path(named).absolute() / "go"
    # Go makes its module cache read-only, which only root could remove again.
    flags = f"{environ.get('GOFLAGS', '')} -modcacherw".strip()
    return {"GOCACHE": str(go / "build"), "GOMODCACHE": str(go / "modules"), "GOFLAGS": flags}


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ToolError(f"{name}={text!r}: must be a port from 1 to 65535, or 0 for any free one")
    return int(text)


def _kubeconfig(named: list[Path], state_dir: Path) -> Path | None:
    """The first file that exists; None for the local cluster's own, as `make env` sets it."""
    if not named:
        return None
    for path in named:
        if path.is_relative_to(state_dir):
            return None
        if path.is_file():
            return path
    raise ToolError(
        f"KUBECONFIG={os.pathsep.join(map(str, named))!r}: no such file; "
        "name an existing kubeconfig or unset it for the local cluster"
    )


def _own_cluster(environ: Mapping[str, str]) -> OwnCluster:
    return OwnCluster(
        registry=environ.get("SLIPWAY_REGISTRY", ""),
        ingress_url=environ.get("SLIPWAY_INGRESS_URL", "").rstrip("/"),
        ingress_source_cidrs=_list(environ, "SLIPWAY_INGRESS_CIDRS"),
        ingress_class=environ.get("SLIPWAY_INGRESS_CLASS") or OwnCluster().ingress_class,
        storage_classes=_list(environ, "SLIPWAY_STORAGE_CLASSES") or OwnCluster().storage_classes,
        builder=environ.get("SLIPWAY_BUILDER") or None,
        base_image=environ.get("SLIPWAY_BASE_IMAGE") or None,
    )


def _list(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environ.get(name, "").split(",") if part.strip())


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    """pip's own setting: whoever has set it for pip needs it inside image builds too."""
    named = environ.get("SLIPWAY_CA_FILE") or environ.get("PIP_CERT", "")
    if not named:
        return None
    if not Path(named).is_file():
        raise ToolError(f"SLIPWAY_CA_FILE or PIP_CERT names {named!r}: no such file")
    return Path(named)
