"""The two ways of the stack `local`: up and down; and what is said about it."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra import endpoints as endpoints_file
from infra.endpoints import Endpoints
from tools import pulumi, recovery, target
from tools.cluster import cluster
from tools.errors import CommandFailed, ToolError
from tools.progress import Progress, duration
from tools.pulumi import LOCAL, Pulumi
from tools.settings import Settings
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import CONTAINERS, KUBERNETES, PULUMI, Group

IMAGE_MINUTES = 5.0
"""First build of the serving image and fill of the model cache, on 2 cores."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a stack says of itself once it is up."""

    url: str
    models: tuple[str, ...]


def up(settings: Settings, progress: Progress) -> Served:
    """Toolchain, cluster, `pulumi up`: whatever of it is not done yet."""
    target.need_no_other(settings)
    target.check(settings)
    announce(estimate_minutes(settings, _num_cores()), progress)
    cli = pulumi.ensure(settings, progress)
    target.ensure(settings, progress)
    cli = pulumi.for_local(cli, settings)  # after the cluster: its builder is part of it
    cli.run("stack", "select", "--create", LOCAL)
    cli = recovery.after_interruption(cli, progress)
    progress.say("... pulumi up of the stack local")
    # With its preview: rules that see the whole stack speak at the end, which in an update is after the changes.
    cli.show("up", "--stack", LOCAL, "--yes", "--suppress-permalink=true", *pulumi.POLICY_PACK)
    return served(cli)


def served(cli: Pulumi) -> Served:
    """Read the stack's outputs."""
    outputs = json.loads(cli.run("stack", "output", "--json", "--stack", LOCAL))
    return Served(url=outputs["url"], models=tuple(outputs["models"]))


def down(settings: Settings, progress: Progress) -> None:
    """Remove the stack's objects, then the cluster if it is ours."""
    endpoints = endpoints_file.load(settings.state_dir)
    if endpoints is not None and target.is_own(endpoints, settings):
        _leave_own_cluster(endpoints, settings, progress)
        if not (settings.state_dir / "cluster").exists():
            return
    elif cluster.status(settings).is_up:
        _try_destroy(settings, progress)
    remove_cluster(settings, progress)


def remove_cluster(settings: Settings, progress: Progress) -> None:
    """Remove the local cluster, and the state of a stack that was on it: the next `up` would take it for real."""
    endpoints = endpoints_file.load(settings.state_dir)
    had_cluster = (settings.state_dir / "cluster").exists()
    cluster.down(settings, progress)
    if endpoints is not None and target.is_own(endpoints, settings):
        endpoints_file.save(endpoints, settings.state_dir)  # the stack is on another cluster, which stays
    elif had_cluster:
        forget_stack(pulumi.backend_folder(settings))


def forget_stack(backend: Path) -> None:
    """Drop state and locks of the stack `local`. Not by `pulumi stack rm`: that needs a CLI, and fails on a lock."""
    kept = backend / ".pulumi"
    for path in (kept / "stacks" / recovery.PROJECT).glob(f"{LOCAL}.json*"):
        path.unlink()
    shutil.rmtree(kept / "locks" / "organization" / recovery.PROJECT / LOCAL, ignore_errors=True)


def _leave_own_cluster(endpoints: Endpoints, settings: Settings, progress: Progress) -> None:
    """The user's cluster outlives the stack: its state goes only when all its objects are gone."""
    assert endpoints.kubeconfig is not None  # is_own() says so
    cli = pulumi.for_local(pulumi.need_existing(settings), settings)
    try:
        target.need_answer(Path(endpoints.kubeconfig), endpoints.context)
        if _destroy(cli, progress):
            cli.run("stack", "rm", LOCAL, "--yes", "--preserve-config")
    except (ToolError, OSError, ValueError) as e:
        raise ToolError(
            f"the stack local on {endpoints.kubeconfig} (context {endpoints.context}) is not removed, and its state "
            f"is kept; run `make down` again once this is mended: {e}"
        ) from e
    (settings.state_dir / endpoints_file.FILE_NAME).unlink(missing_ok=True)


def _try_destroy(settings: Settings, progress: Progress) -> None:
    """An orderly end, where it can be had: the cluster is removed with all that is in it whatever Pulumi says."""
    try:
        _destroy(pulumi.for_local(pulumi.need_existing(settings), settings), progress)
    except (ToolError, OSError, ValueError) as e:
        progress.say(f"... going on without `pulumi destroy`: {e}")


def _destroy(cli: Pulumi, progress: Progress) -> bool:
    """Remove the stack's objects; False when there was no stack."""
    with progress.step("pulumi destroy of the stack local") as step:
        try:
            cli = recovery.after_interruption(cli, progress)
            cli.run("destroy", "--stack", LOCAL, "--yes", "--skip-preview")
        except CommandFailed as e:
            if pulumi.NO_STACK not in str(e):
                raise
            step.note = "there was none"
            return False
    return True


def announce(minutes: float, progress: Progress) -> None:
    """Say how long a first run takes, before it begins."""
    if minutes:
        progress.say(f"First run: about {minutes:.0f} minutes on {_num_cores()} cores; later ones take seconds.")


def estimate_minutes(settings: Settings, num_cores: int) -> float:
    """About how long a first `up` takes; 0 when everything is built."""
    groups: list[Group] = [] if pulumi.installed() else [PULUMI, CONTAINERS]
    if settings.kubeconfig is None:
        groups += [g for g in (CONTAINERS, KUBERNETES) if g not in groups]
    return estimate_minutes_of(groups, settings, num_cores)


def estimate_minutes_of(groups: list[Group], settings: Settings, num_cores: int) -> float:
    """The same for these groups of programs, and the image."""
    missing = toolchain.missing(settings, groups)
    if not missing:
        return 0
    return sum(g.minutes for g in missing) * 2 / max(num_cores, 2) + IMAGE_MINUTES


def _num_cores() -> int:
    return os.cpu_count() or 2


def explain(result: Served, elapsed_s: float) -> str:
    """What a person wants to know next."""
    model = result.models[0]
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "What is the capital of France?"}]})
    return f"""
The stack local is up ({duration(elapsed_s)}).

  address   {result.url}
  models    {", ".join(result.models)}

Try it:

  curl -s {result.url}/v1/chat/completions -H 'Content-Type: application/json' -d '{body}'

Next:

  make status                       what runs
  eval "$(make -s env)"             pulumi and kubectl of this checkout in your shell
  make preview stack=prod           the production stack, without a cluster
  make down                         remove all of it
"""


def status(settings: Settings) -> str:
    """What runs, and the address; ToolError when nothing does."""
    found = cluster.status(settings)
    endpoints = endpoints_file.load(settings.state_dir)
    if not found.exists and endpoints is None:
        raise ToolError("nothing runs here: `make up` starts the local cluster and the stack local")
    lines = []
    if endpoints is not None and target.is_own(endpoints, settings):
        lines.append(f"cluster of {endpoints.kubeconfig}, context {endpoints.context}")
    if found.exists:
        lines.append(f"local cluster: {len(found.running)} processes run")
        lines += [f"  not running: {name} (`make up` starts it again)" for name in found.dead]
        lines.append(f"  kubeconfig {found.layout.kubeconfig}")
        lines.append(f"  registry   {found.layout.registry_address}")
        lines.append(f"  logs       {found.layout.logs}")
    cli = pulumi.existing(settings)
    if cli is None:
        raise ToolError("\n".join([*lines, "stack local: not up, the Pulumi CLI is not built yet; run `make up`"]))
    try:
        result = served(pulumi.for_local(cli, settings))
    except (CommandFailed, KeyError) as e:
        raise ToolError("\n".join([*lines, "stack local: not up; run `make up`"])) from e
    lines += ["stack local:", f"  address    {result.url}", f"  models     {', '.join(result.models)}"]
    return "\n".join(lines)
