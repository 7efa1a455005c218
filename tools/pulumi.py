"""Run the Pulumi CLI for a stack of this checkout: an installed one as it is, else the one built here with our plugins.

What is written here lies in `.slipway/` of the checkout: wrappers belong to its virtual environment, so that two
checkouts never run each other's code.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from infra import endpoints as endpoints_file
from tools import cache, target
from tools.cluster import buildx, cluster
from tools.cluster.layout import BUILDER
from tools.command import attend, run
from tools.errors import CommandFailed, PrerequisiteMissing
from tools.progress import Progress
from tools.settings import ROOT, Settings
from tools.toolchain import gobuild
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import CONTAINERS, KUBERNETES, PULUMI, PULUMI_VERSION
from tools.toolchain.programs import VENV_BIN, Programs

KUBERNETES_PROVIDER = "v4.34.2"
DOCKER_BUILD_PROVIDER = "v0.0.22"
LOCAL = "local"
"""The one stack without secrets: its passphrase is empty and nobody types it."""
NO_STACK = "no stack named"
"""What the CLI says of a stack that is not there."""

POLICY_PACK = ("--policy-pack", str(ROOT / "policies"))
"""The fence that every preview and update of this project stands behind."""

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
        """Run to the end and return its output, without warnings; CommandFailed with its last lines on an error."""
        return run([self.program, *args, "--non-interactive"], cwd=ROOT, env=self.env, only_stdout=True)

    def show(self, *args: str) -> None:
        """Run with its output shown as it comes."""
        returncode = attend([self.program, *args], cwd=ROOT, env=self.env)
        if returncode:
            raise CommandFailed([self.program, *args], returncode, "  (see above)")


def installed() -> str | None:
    """The user's own Pulumi CLI, which wins over ours. Ours is on PATH in a shell that took `make env`."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return shutil.which("pulumi", path=os.pathsep.join(f for f in folders if not f.endswith(_BIN)))


def ensure(settings: Settings, progress: Progress) -> Pulumi:
    """The CLI with all plugins and the user's own environment; builds what is missing."""
    own = installed()
    if own:
        return Pulumi(own, dict(os.environ))
    programs = toolchain.ensure(settings, [PULUMI, CONTAINERS], progress)
    return _ours(settings, assemble(settings, programs))


def existing(settings: Settings) -> Pulumi | None:
    """The CLI as `ensure` gives it, but without building anything; None where it would have to be built."""
    own = installed()
    if own:
        return Pulumi(own, dict(os.environ))
    if toolchain.missing(settings, [PULUMI, CONTAINERS]) or not _kept_exec_script(settings).exists():
        return None
    return _ours(settings, assemble(settings, toolchain.existing(settings, [PULUMI, CONTAINERS])))


def need_existing(settings: Settings) -> Pulumi:
    """As `existing`; PrerequisiteMissing where there is none."""
    cli = existing(settings)
    if cli is None:
        raise PrerequisiteMissing("the Pulumi CLI is not built yet", "run `make up`, or install Pulumi")
    return cli


def _ours(settings: Settings, changes: Mapping[str, str]) -> Pulumi:
    return Pulumi(str(settings.clone_dir / "bin" / "pulumi"), dict(os.environ) | dict(changes))


def for_local(cli: Pulumi, settings: Settings) -> Pulumi:
    """The CLI for the stack `local`; all other stacks get the user's environment as it is."""
    env = {k: v for k, v in cli.env.items() if k != "PULUMI_CONFIG_PASSPHRASE_FILE"}
    return Pulumi(cli.program, env | local_environment(settings))


def local_environment(settings: Settings) -> dict[str, str]:
    """What the stack `local` needs, whichever CLI runs it and whatever other stacks use.

    Its state lies beside the cluster that it describes: in a shared backend everybody's `local` would be one stack.
    """
    env = {
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_BACKEND_URL": f"file://{backend_folder(settings)}?create_dir=true",
    }
    endpoints = endpoints_file.load(settings.state_dir)
    if endpoints is not None and endpoints.builder == BUILDER and not target.is_own(endpoints, settings):
        env["BUILDX_CONFIG"] = str(buildx.folder(cluster.status(settings).layout))
    return env


def backend_folder(settings: Settings) -> Path:
    """Where the state of the stack `local` is; by default what Pulumi.yaml names, so a plain `pulumi` finds it."""
    return settings.state_dir / "pulumi"


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
        _link(official, kubernetes / "pulumi-resource-kubernetes")
    else:
        _write_wrapper(kubernetes / "pulumi-resource-kubernetes", "tools.plugins.kubernetes", [])
    docker_build = home / "plugins" / f"resource-docker-build-{DOCKER_BUILD_PROVIDER}"
    _link(Path(programs["pulumi-resource-docker-build"]), docker_build / "pulumi-resource-docker-build")
    return {
        "PATH": _path_with(bin_dir, os.environ),
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",  # what the notice recommends would not update this one
    }


def place_commands(settings: Settings) -> dict[str, str]:
    """Put `slipway`, and kubectl where it is built, into the folder that `make env` adds to PATH; that PATH."""
    bin_dir = settings.clone_dir / "bin"
    _write_wrapper(bin_dir / "slipway", "slipway", [])
    with suppress(KeyError):  # kubectl may not be built
        _place(Path(toolchain.existing(settings, [KUBERNETES])["kubectl"]), bin_dir / "kubectl")
    return {"PATH": _path_with(bin_dir, os.environ, is_last=bool(installed()))}


def _path_with(folder: Path, environ: Mapping[str, str], *, is_last: bool = False) -> str:
    """PATH with the folder once: first, or last where an installed pulumi must stay the one that is found."""
    others = [part for part in environ.get("PATH", "").split(os.pathsep) if part != str(folder)]
    return os.pathsep.join([*others, str(folder)] if is_last else [str(folder), *others])


def official_provider(environ: Mapping[str, str]) -> Path | None:
    """The official Kubernetes provider, where one was installed: it always wins over the stand-in.

    PULUMI_HOME is ours in a shell that took `make env`: what lies there is a link of ours, to be followed, or nothing.
    """
    name = "pulumi-resource-kubernetes"
    default = Path(environ.get("HOME") or Path.home()) / ".pulumi"
    home = Path(environ.get("PULUMI_HOME") or default).expanduser()
    homes = [home, default] if _is_ours(home) else [home]
    found = shutil.which(name, path=environ.get("PATH", ""))
    places = [folder / "plugins" / f"resource-kubernetes-{KUBERNETES_PROVIDER}" / name for folder in homes]
    real = [place.resolve() for place in [*places, *([Path(found)] if found else [])] if place.exists()]
    return next((path for path in real if not _is_ours(path) and not _is_stand_in(path)), None)


def _is_ours(path: Path) -> bool:
    """In `.slipway/` of this checkout or another one."""
    return ".slipway" in path.parts


def _is_stand_in(path: Path) -> bool:
    """A wrapper of ours, of this checkout or another one."""
    with path.open("rb") as f:
        return _MARK.encode() in f.read(1000)


def _kept_exec_script(settings: Settings) -> Path:
    return settings.cache_dir / "toolchain" / f"pulumi-language-python-exec-{PULUMI_VERSION}"


def _exec_script(settings: Settings) -> Path:
    """The script that runs a program inside its virtual environment: it is part of Pulumi's Go SDK."""
    kept = _kept_exec_script(settings)
    if kept.exists():
        return kept
    with cache.hold(settings.cache_dir):
        go = gobuild.find_go(VENV_BIN)
        folder = gobuild.module_source(PULUMI, "github.com/pulumi/pulumi/sdk/v3", go)
        partial = kept.with_suffix(".partial")
        shutil.copyfile(folder / "python" / "cmd" / "pulumi-language-python-exec", partial)
        partial.chmod(0o755)
        partial.rename(kept)
    return kept


def _place(source: Path, target: Path) -> None:
    """A real file that shares the source's blocks where the file system allows; never half there: others may run it."""
    if target.exists() and target.samefile(source):
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.hardlink_to(source)
    except OSError:
        shutil.copy2(source, partial)
    partial.rename(target)


def _link(source: Path, target: Path) -> None:
    if target.is_symlink() and target.readlink() == source:
        return  # it may be in use
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
