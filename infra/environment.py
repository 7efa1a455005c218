"""What the program takes from the process environment: the only place under infra/ that reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environment:
    """Directories and files that the environment names.

    Attributes:
        state_dir: where the local cluster keeps its files.
        kubeconfig_files: what an `ambient` kubeconfig means, in the order in which clients merge them.
        proxied_schemes: `https`, `http`: those for which a proxy is set.
    """

    state_dir: Path
    kubeconfig_files: tuple[Path, ...]
    proxied_schemes: frozenset[str]

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Environment":
        """Read the given mapping, or the process's own environment."""
        env = os.environ if environ is None else environ
        home = Path(env["HOME"]) if "HOME" in env else Path.home()
        state_home = Path(env.get("XDG_STATE_HOME") or home / ".local" / "state")
        named = [Path(part).expanduser() for part in env.get("KUBECONFIG", "").split(os.pathsep) if part]
        return cls(
            state_dir=Path(env.get("SLIPWAY_STATE_DIR") or state_home / "slipway"),
            kubeconfig_files=tuple(named) or (home / ".kube" / "config",),
            proxied_schemes=frozenset(
                scheme
                for scheme in ("https", "http")
                if env.get(f"{scheme}_proxy") or env.get(f"{scheme}_proxy".upper())
            ),
        )
