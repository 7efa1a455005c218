"""The project as it is, run by the real CLI on a fleet: own state, own settings, images that nobody builds."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.integration.plugins.control_plane import Binaries
from tests.integration.plugins.workspace import ROOT, TIMEOUT_S, Workspace, launcher
from tools.plugins.versions import version_of

STACK: Final = "fleet"
OF_SETTINGS: Final = ("preview", "up", "refresh", "destroy", "config")
"""Commands that may be told another file of settings."""


class Program(Workspace):
    """A stack with the settings of another one, and some of its own."""

    def __init__(self, folder: Path, binaries: Binaries, kubeconfig: Path, like: str, own: Mapping[str, Any]) -> None:
        super().__init__(folder, binaries, kubeconfig)
        name = f"resource-docker-build-v{version_of('pulumi_docker_build')}"
        plugin = folder / "pulumi-home" / "plugins" / name / "pulumi-resource-docker-build"
        plugin.parent.mkdir(parents=True)
        launcher(plugin, "tests.integration.platform.image_provider", "")
        self.settings = folder / f"Pulumi.{STACK}.yaml"
        written = yaml.safe_load((ROOT / f"Pulumi.{like}.yaml").read_text(encoding="utf-8"))
        config = {**written["config"], **{f"slipway:{key}": value for key, value in own.items()}}
        self.settings.write_text(yaml.safe_dump({"config": config}))
        self.env["SLIPWAY_STATE_DIR"] = str(folder / "slipway")
        shutil.copy(ROOT / "Pulumi.yaml", folder)  # beside it `stack init` writes
        subprocess.run(
            ["pulumi", "stack", "init", STACK, "--non-interactive"],
            cwd=folder, env=self.env, check=True, capture_output=True, timeout=TIMEOUT_S,
        )  # fmt: skip

    def run(self, *args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the CLI on the checkout; a failure is the caller's to judge."""
        if args[:2] == ("stack", "init"):
            return super().run(*args, env=env)
        of_stack = ["--stack", STACK, *(["--config-file", str(self.settings)] if args[0] in OF_SETTINGS else [])]
        argv = ["pulumi", args[0], "--non-interactive", *of_stack, *args[1:]]
        if args[0] == "stack":
            argv = ["pulumi", *args, "--non-interactive", "--stack", STACK]
        return subprocess.run(
            argv, cwd=ROOT, env={**self.env, **(env or {})}, text=True, capture_output=True, check=False,
            timeout=TIMEOUT_S,
        )  # fmt: skip
