"""Run the Pulumi CLI for a stack of this checkout: an installed one as it is, else the one built here with our plugins.

What is written here lies in `.slipway/` of the checkout: wrappers belong to its virtual environment, so that two
checkouts never run each other's code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.cluster import buildx
from tools.cluster import layout as layouts
from tools.command import run
from tools.errors import CommandFailed
from tools.progress import Progress
from tools.settings import ROOT, Settings
from tools.toolchain import gobuild
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import CONTAINERS, PULUMI, PULUMI_VERSION
from tools.toolchain.programs import VENV_BIN, Programs

KUBERNETES_PROVIDER = "v4.34.2"
DOCKER_BUILD_PROVIDER = "v0.0.22"
LOCAL = "local"
"""The one stack without secrets: its passphrase is empty and nobody types it."""

_BIN = "/.slipway/bin"
_MARK = "# Written by `make up`:"
_WRAPPER = """#!{python} -I
# Written by `make up`: runs {module} of this checkout with its own virtual environment.
import sys

sys.path.insert(0, {root!r})
from {module}.__main__ import main

main([*{first!r}, *sys.argv[1:]])
"""


@dataclass(frozen=True, slots=True)
class Pulumi:
    """A ready CLI: its path and the environment that it needs."""

    program: str
    env: Mapping[str, str]

    def run(self, *args: str) -> str:
        """Run to the end and return the output; CommandFailed with its last lines on an error."""
        return run([self.program, *args, "--non-interactive"], cwd=ROOT, env=self.env)

    def show(self, *args: str) -> None:
        """Run with its output shown as it comes."""
        done = subprocess.run([self.program, *args], cwd=ROOT, env=dict(self.env), check=False)
        if done.returncode:
            raise CommandFailed([self.program, *args], done.returncode, "  (see above)")


def installed() -> str | None:
    """The user's own Pulumi CLI, which wins over ours. Ours is on PATH in a shell that took `make env`."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return shutil.which("pulumi", path=os.pathsep.join(f for f in folders if not f.endswith(_BIN)))


def ensure(settings: Settings, progress: Progress) -> Pulumi:
    """The CLI with all plugins; builds what is missing."""
    env = dict(os.environ) | stack_environment(settings)
    own = installed()
    if own:
        return Pulumi(own, env)
    programs = toolchain.ensure(settings, [PULUMI, CONTAINERS], progress)
    return Pulumi(str(settings.clone_dir / "bin" / "pulumi"), env | assemble(settings, programs))


def stack_environment(settings: Settings) -> dict[str, str]:
    """What the stack `local` needs, whichever CLI runs it."""
    env = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", ""),
    }
    layout_dir = settings.state_dir / "cluster"
    if layout_dir.exists():
        env["BUILDX_CONFIG"] = str(buildx.folder(layouts.of(settings)))
    return env


def assemble(settings: Settings, programs: Programs) -> dict[str, str]:
    """Put CLI, language host and providers where the CLI looks for them; returns the environment that says so."""
    bin_dir, home = settings.clone_dir / "bin", settings.clone_dir / "pulumi"
    bin_dir.mkdir(parents=True, exist_ok=True)
    # Real files in one folder: the CLI warns about links and about hosts from elsewhere on PATH.
    _place(Path(programs["pulumi"]), bin_dir / "pulumi")
    _place(_exec_script(settings), bin_dir / "pulumi-language-python-exec")
    executor = ["--use-executor", str(bin_dir / "pulumi-language-python-exec")]
    _write_wrapper(bin_dir / "pulumi-language-python", "tools.plugins.language_host", executor)
    kubernetes = home / "plugins" / f"resource-kubernetes-{KUBERNETES_PROVIDER}"
    official = official_provider(os.environ)
    if official:
        shutil.rmtree(kubernetes, ignore_errors=True)
        _link(official, kubernetes / "pulumi-resource-kubernetes")
    else:
        _write_wrapper(kubernetes / "pulumi-resource-kubernetes", "tools.plugins.kubernetes", [])
    docker_build = home / "plugins" / f"resource-docker-build-{DOCKER_BUILD_PROVIDER}"
    _link(Path(programs["pulumi-resource-docker-build"]), docker_build / "pulumi-resource-docker-build")
    return {"PATH": f"{bin_dir}{os.pathsep}{os.environ.get('PATH', '')}", "PULUMI_HOME": str(home)}


def official_provider(environ: Mapping[str, str]) -> Path | None:
    """The official Kubernetes provider, where one was installed: it always wins over the stand-in."""
    name = "pulumi-resource-kubernetes"
    home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    found = shutil.which(name, path=environ.get("PATH", ""))
    places = [home / "plugins" / f"resource-kubernetes-{KUBERNETES_PROVIDER}" / name, *([Path(found)] if found else [])]
    return next((p for p in places if p.exists() and not _is_stand_in(p)), None)


def _is_stand_in(path: Path) -> bool:
    """A wrapper of ours, of this checkout or another one."""
    with path.open("rb") as f:
        return _MARK.encode() in f.read(1000)


def _exec_script(settings: Settings) -> Path:
    """The script that runs a program inside its virtual environment: it is part of Pulumi's Go SDK."""
    kept = settings.cache_dir / "toolchain" / f"pulumi-language-python-exec-{PULUMI_VERSION}"
    if not kept.exists():
        go = gobuild.find_go(VENV_BIN)
        folder = gobuild.module_source(PULUMI, "github.com/pulumi/pulumi/sdk/v3", go)
        partial = kept.with_suffix(".partial")
        shutil.copyfile(folder / "python" / "cmd" / "pulumi-language-python-exec", partial)
        partial.chmod(0o755)
        partial.rename(kept)
    return kept


def _place(source: Path, target: Path) -> None:
    """A real file that shares the source's blocks where the file system allows."""
    if target.exists() and target.samefile(source):
        return
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(source)


def _write_wrapper(target: Path, module: str, first: list[str]) -> None:
    text = _WRAPPER.format(python=sys.executable, module=module, root=str(ROOT), first=first)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or not target.exists() or target.read_text() != text:
        target.unlink(missing_ok=True)
        target.write_text(text)
    target.chmod(0o755)
