"""A Pulumi project in a temporary folder, with the plugins of this checkout, run by the real CLI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from tests.integration.plugins.control_plane import Binaries
from tools.plugins.versions import version_of

ROOT = Path(__file__).resolve().parents[3]
EXECUTOR = "pulumi-language-python-exec"
PLUGIN = f"pulumi-home/plugins/resource-kubernetes-v{version_of('pulumi_kubernetes')}"
TIMEOUT_S = 480
"""Only a guard against hanging, below the one of each test."""

LAUNCHER = """\
#!{python} -I
import sys
sys.path.insert(0, {root!r})
from {module} import main
main([{extra}*sys.argv[1:]])
"""


class Workspace:
    """One project with one stack."""

    def __init__(self, folder: Path, binaries: Binaries, kubeconfig: Path | None) -> None:
        self.folder = folder
        self.project = folder / "project"
        self._binaries = binaries
        self._lay_out()
        self.env = {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder / "home"),
            "PULUMI_HOME": str(folder / "pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "NO_COLOR": "1",
        }
        if kubeconfig:
            self.env["KUBECONFIG"] = str(kubeconfig)
        self.pulumi("stack", "init", "test")

    def _lay_out(self) -> None:
        """Real files beside `pulumi`, the provider where the CLI looks for plugins."""
        for name in ("bin", "home", "state", "project", PLUGIN):
            (self.folder / name).mkdir(parents=True)
        bin_ = self.folder / "bin"
        _place(self._binaries.path("pulumi"), bin_ / "pulumi")
        shutil.copy(self._binaries.path(EXECUTOR), bin_ / EXECUTOR)
        extra = f"'--use-executor', {str(bin_ / EXECUTOR)!r}, "
        launcher(bin_ / "pulumi-language-python", "tools.plugins.language_host.__main__", extra)
        launcher(self.folder / PLUGIN / "pulumi-resource-kubernetes", "tools.plugins.kubernetes.__main__", "")
        (self.project / "Pulumi.yaml").write_text(
            json.dumps(
                {
                    "name": "probe",
                    "runtime": {"name": "python", "options": {"virtualenv": str(Path(sys.prefix))}},
                }
            )
        )

    def write(self, program: str) -> None:
        """The program to run from now on."""
        head = "import os, pulumi\nimport pulumi_kubernetes as k8s\n"
        (self.project / "__main__.py").write_text(head + textwrap.dedent(program))

    def run(self, *args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run the CLI; a failure is the caller's to judge."""
        return subprocess.run(
            ["pulumi", *args, "--non-interactive"],
            cwd=self.project,
            env={**self.env, **(env or {})},
            text=True,
            capture_output=True,
            check=False,
            timeout=TIMEOUT_S,
        )

    def pulumi(self, *args: str, env: dict[str, str] | None = None) -> str:
        """Run the CLI; its output."""
        done = self.run(*args, env=env)
        assert done.returncode == 0, f"pulumi {' '.join(args)} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def up(self, *args: str) -> dict[str, int]:
        """Update; how many resources were created, updated, replaced, left the same."""
        self.pulumi("up", "--yes", "--skip-preview", *args)
        history = json.loads(self.run("stack", "history", "--json").stdout)
        changes: dict[str, int] = history[0]["resourceChanges"]
        return changes

    def steps(self, *args: str) -> dict[str, dict[str, Any]]:
        """Preview; resource name -> its step."""
        done = self.run("preview", "--json", *args)
        assert done.returncode == 0, done.stdout + done.stderr
        return {step["urn"].rsplit("::", 1)[-1]: step for step in json.loads(done.stdout)["steps"]}

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state; resource name -> its entry."""
        exported = self.run("stack", "export")
        found = json.loads(exported.stdout)["deployment"].get("resources", [])
        return {entry["urn"].rsplit("::", 1)[-1]: entry for entry in found}


def _place(source: str, target: Path) -> None:
    """A real file without a copy, where both are on one file system; with one for all workspaces of a run elsewhere."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        kept = target.parents[2] / target.name
        if not kept.exists():
            shutil.copy(source, kept)
        os.link(kept, target)


def launcher(path: Path, module: str, extra: str) -> None:
    path.write_text(LAUNCHER.format(python=sys.executable, root=str(ROOT), module=module, extra=extra))
    path.chmod(0o755)
