"""The command line: `python -m tools`. Each command is one call; the Makefile's targets are these commands."""

from __future__ import annotations

import datetime
import os
import shlex
import time
from typing import Annotated

import typer

from tools import cache, command, llama, local, pulumi, settings, suite, target
from tools import preview as preview_stack
from tools.cluster import cluster as local_cluster
from tools.cluster import fleet
from tools.edge import one_line_errors
from tools.errors import ToolError
from tools.image.command import app as image_app
from tools.progress import Progress
from tools.settings import Settings
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import GROUPS

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=(__doc__ or "").splitlines()[0]
)
cluster_app = typer.Typer(no_args_is_help=True, help="The local cluster alone, without a stack.")
app.add_typer(cluster_app, name="cluster")
app.add_typer(image_app, name="image")


def main() -> None:
    """What `python -m tools` runs."""
    os.environ["PATH"] = path_with_system_folders(os.environ.get("PATH", ""))
    command.interrupt_on_sigterm()
    app()


def path_with_system_folders(path: str) -> str:
    """PATH with the folders of system programs, which it lacks after `su` without a dash."""
    folders = path.split(os.pathsep)
    return os.pathsep.join([*folders, *(f for f in ("/usr/sbin", "/sbin") if f not in folders)])


@app.command()
def up() -> None:
    """Set up toolchain and cluster, run `pulumi up` of the stack local, print the address."""
    started = time.monotonic()
    with one_line_errors():
        result = local.up(settings.load(), Progress())
        print(local.explain(result, time.monotonic() - started))


@app.command()
def down() -> None:
    """Remove all that `up` started; built programs and build layers stay in the cache."""
    with one_line_errors():
        local.down(settings.load(), Progress())


@app.command()
def status() -> None:
    """Say what runs, and the address."""
    with one_line_errors():
        print(local.status(settings.load()))


@app.command()
def env() -> None:
    """Print shell lines that put this checkout's pulumi, kubectl and slipway on PATH: `eval "$(make -s env)"`."""
    with one_line_errors():
        print("\n".join(shell_lines(settings.load())))


def shell_lines(loaded: Settings) -> list[str]:
    """Exports for all stacks, and a comment, last, for what only the stack local may have.

    Not exported: with the empty passphrase of `local` in the shell, `pulumi stack init prod` would encrypt with it.
    """
    cli = pulumi.need_existing(loaded)
    wanted = dict(cli.env) | pulumi.place_commands(loaded)
    changed = {k: v for k, v in wanted.items() if os.environ.get(k) != v}
    found = local_cluster.status(loaded)
    if loaded.kubeconfig is None and found.exists:
        changed["KUBECONFIG"] = str(found.layout.kubeconfig)
    only_local = " ".join(f"{k}={shlex.quote(v)}" for k, v in pulumi.local_environment(loaded).items())
    return [
        *(f"export {k}={shlex.quote(v)}" for k, v in changed.items()),
        f"# The stack local by hand: {only_local} pulumi up --stack {pulumi.LOCAL}",
    ]


@app.command()
def preview(stack: str) -> None:
    """Preview a stack without a cluster, a state or a passphrase: for pull requests and a first look."""
    with one_line_errors():
        preview_stack.show(settings.load(), stack, Progress())


@app.command()
def pr_check(stack: str) -> None:
    """Preview, judge and price a stack: the files and the comment of a pull request."""
    from tools import pr_check as check  # here: it brings the rules and the cost engine, which nothing else needs

    with one_line_errors():
        loaded = settings.load()
        folder = check.folder_of(loaded, stack)
        now = datetime.datetime.now(tz=datetime.UTC)
        is_passed = check.run(loaded, stack, folder, Progress(stderr=True), now)
        print(folder)
        raise typer.Exit(0 if is_passed else 1)


@app.command()
def toolchain_build(groups: Annotated[list[str], typer.Argument(help=f"any of: {', '.join(GROUPS)}")]) -> None:
    """Build groups of programs into the cache."""
    with one_line_errors():
        unknown = [g for g in groups if g not in GROUPS]
        if unknown:
            raise ToolError(f"no such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}")
        toolchain.ensure(settings.load(), [GROUPS[g] for g in groups], Progress())


@app.command()
def llama_path() -> None:
    """Print the folder that holds the image's compiled llama_cpp package; builds it where it is missing."""
    with one_line_errors():
        print(llama.ensure(settings.load(), Progress(stderr=True)))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run the engine and end-to-end tests on a real cluster; further arguments go to pytest."""
    with one_line_errors():
        raise typer.Exit(suite.run(settings.load(), Progress(), context.args))


@app.command()
def clean() -> None:
    """Remove the cache: built programs, packages, build layers. The next `up` is a first run again."""
    with one_line_errors():
        cache.clean(settings.load())


@cluster_app.command("up")
def cluster_up() -> None:
    """Start the cluster, or find the one that KUBECONFIG names, and print where everything is."""
    with one_line_errors():
        print(target.ensure(settings.load(), Progress()))


@cluster_app.command("down")
def cluster_down() -> None:
    """Stop and remove the cluster, and forget the stack that was on it."""
    with one_line_errors():
        local.remove_cluster(settings.load(), Progress())


@cluster_app.command("fleet")
def cluster_fleet() -> None:
    """Add simulated GPU and spot nodes in three zones (KWOK): for scheduling, not for running."""
    with one_line_errors():
        fleet.start(settings.load(), Progress())
