"""The environment of the command line, read once, and where things lie on disk.

The only module of `tools` that reads `os.environ` for settings. Three places:

- cache: built tools, packages, the builder's layers. Shared by all clones, survives `make down`, costs time to lose.
- state: one running cluster (processes, certificates, etcd, volumes). `make down` removes it.
- clone: `.slipway/` in the checkout: wrappers that belong to this clone's virtual environment, and the Pulumi state.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.environment import Environment
from tools.errors import ToolError

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

DEFAULT_REGISTRY_PORT = 5000
DEFAULT_INGRESS_PORT = 8080


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

    @property
    def clone_dir(self) -> Path:
        """What belongs to this checkout alone."""
        return ROOT / ".slipway"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment; a wrong value is an error that names the variable."""
    state_dir = Environment.read(environ).state_dir.absolute()
    cache_home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Settings(
        cache_dir=Path(environ.get("SLIPWAY_CACHE_DIR") or f"{cache_home}/slipway").absolute(),
        state_dir=state_dir,
        registry_port=_port(environ, "SLIPWAY_REGISTRY_PORT", DEFAULT_REGISTRY_PORT),
        ingress_port=_port(environ, "SLIPWAY_INGRESS_PORT", DEFAULT_INGRESS_PORT),
        kubeconfig=_kubeconfig(environ, state_dir),
        ca_file=_ca_file(environ),
    )


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "")
    if not text:
        return default
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ToolError(f"{name}={text!r}: must be a port from 1 to 65535, or 0 for any free one")
    return int(text)


def _kubeconfig(environ: Mapping[str, str], state_dir: Path) -> Path | None:
    named = environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    if not named:
        return None
    path = Path(named).expanduser()
    if path.is_relative_to(state_dir):
        return None  # the local cluster's own, as `make env` sets it
    if not path.is_file():
        raise ToolError(
            f"KUBECONFIG={named!r}: no such file; name an existing kubeconfig or unset it for the local cluster"
        )
    return path


def _ca_file(environ: Mapping[str, str]) -> Path | None:
    """pip's own setting: whoever has set it for pip needs it inside image builds too."""
    named = environ.get("SLIPWAY_CA_FILE") or environ.get("PIP_CERT", "")
    if not named:
        return None
    if not Path(named).is_file():
        raise ToolError(f"SLIPWAY_CA_FILE or PIP_CERT names {named!r}: no such file")
    return Path(named)
