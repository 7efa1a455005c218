"""A stack of its own on the cluster under test: own state, own namespace, own host name; removed when it is done.

It runs the project as it is, with the settings of the stack `local` and three changes, so that it stands beside a
stack `local` that somebody uses.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra import endpoints as endpoints_file
from infra.endpoints import Endpoints
from infra.environment import Environment

ROOT = Path(__file__).resolve().parent.parent.parent
STACK = "e2e"
POLICY_PACK = ("--policy-pack", str(ROOT / "policies"))
NAMESPACE = "slipway-e2e"
HOST = "e2e.localhost"  # plain HTTP is for this machine only, says the policy pack
MODEL = "gemma-3-270m"
TIMEOUT_S = 2700
"""Of one command of ours. Where nothing is cached, the first `up` compiles the server, and the machine may be busy."""
PATIENCE_S = 300
"""For what the cluster does by itself. It takes seconds, unless the machine does much else."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One stack with its settings file and its state, both in a temporary folder."""

    folder: Path
    env: Mapping[str, str]
    endpoints: Endpoints

    @classmethod
    def create(cls, folder: Path, environ: Mapping[str, str]) -> Workspace:
        """Copy the settings of `local`, change what must differ, and make an empty stack."""
        assert "SLIPWAY_PULUMI" in environ, "run through `make test`, which sets SLIPWAY_PULUMI and starts the cluster"
        endpoints = endpoints_file.load(Environment.read(environ).state_dir)
        assert endpoints is not None, "no cluster: run through `make test`"
        (folder / "state").mkdir()
        env = dict(environ) | {"PULUMI_BACKEND_URL": f"file://{folder}/state", "PULUMI_CONFIG_PASSPHRASE": ""}
        workspace = cls(folder, env, endpoints)
        settings = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
        settings["config"]["slipway:namespace"] = NAMESPACE
        settings["config"]["slipway:edge"] = {"host": HOST}
        settings["config"]["slipway:policy"]["environment"] = "dev"
        workspace.settings_file.write_text(yaml.safe_dump(settings))
        # `stack init` writes beside Pulumi.yaml: into the folder, not into the checkout.
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        workspace.pulumi("stack", "init", STACK, "--secrets-provider", "passphrase", "--cwd", str(folder))
        # What a run that was killed has left on a cluster that stays: its state is gone, so nothing else removes it.
        workspace.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait", f"--timeout={PATIENCE_S}s")
        return workspace

    @property
    def settings_file(self) -> Path:
        """The stack's settings."""
        return self.folder / "Pulumi.e2e.yaml"

    @property
    def url(self) -> str:
        """The ingress address; requests need the host header."""
        return self.endpoints.ingress_url

    @property
    def headers(self) -> dict[str, str]:
        """What makes the ingress choose this stack's model."""
        return {"Host": f"{MODEL}.{HOST}"}

    def pulumi(self, command: str, *args: str) -> str:
        """Run a command of the CLI on this stack; its output. Raises AssertionError with the output on failure."""
        done = self.try_pulumi(command, *args)
        assert done.returncode == 0, f"pulumi {command} {' '.join(args)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def try_pulumi(self, command: str, *args: str) -> subprocess.CompletedProcess[str]:
        """As `pulumi`, but a failure is the caller's to judge."""
        flags = ["--stack", STACK, "--config-file", str(self.settings_file)] if command != "stack" else []
        argv = [self.env["SLIPWAY_PULUMI"], command, "--non-interactive", *flags, *args]
        return subprocess.run(
            argv, cwd=ROOT, env=dict(self.env), text=True, capture_output=True, check=False, timeout=TIMEOUT_S
        )

    def preview_steps(self) -> dict[str, dict[str, Any]]:
        """Name of each resource that would change -> its step of `pulumi preview --json`."""
        steps = json.loads(self.pulumi("preview", "--json"))["steps"]
        return {step["urn"].rsplit("::", 1)[-1]: step for step in steps if step["op"] != "same"}

    def set(self, path: str, value: str) -> None:
        """Change one setting of the stack."""
        self.pulumi("config", "set", "--path", path, "--", value)

    def kubectl(self, *args: str) -> str:
        """Run kubectl on the cluster under test."""
        folders = self.env["SLIPWAY_TOOLCHAIN_BIN"]
        program = shutil.which("kubectl", path=f"{folders}{os.pathsep}{self.env['PATH']}")
        assert program is not None
        argv = [program, f"--kubeconfig={self.endpoints.kubeconfig}", f"--context={self.endpoints.context}", *args]
        done = subprocess.run(argv, text=True, capture_output=True, check=False, timeout=2 * PATIENCE_S)
        assert done.returncode == 0, f"kubectl {' '.join(args)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def volumes(self) -> list[str]:
        """Names of the volumes behind this stack's claims; none when it has no namespace (any more)."""
        claims = json.loads(self.kubectl("get", "pvc", "-n", NAMESPACE, "-o", "json"))["items"]
        return [c["spec"]["volumeName"] for c in claims if c["spec"].get("volumeName")]

    def get(self, *args: str) -> list[dict[str, Any]]:
        """Objects of this stack's namespace."""
        listed: dict[str, Any] = json.loads(self.kubectl("get", *args, "-n", NAMESPACE, "-o", "json"))
        items: list[dict[str, Any]] = listed["items"]
        return items
