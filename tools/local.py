"""The two ways of the stack `local`: up and down; and what is said about it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

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
    target.check(settings)
    estimate = estimate_minutes(settings, os.cpu_count() or 2)
    if estimate:
        progress.say(f"First run: about {estimate:.0f} minutes on {os.cpu_count()} cores; later ones take seconds.")
    cli = pulumi.ensure(settings, progress)
    target.ensure(settings, progress)
    cli = Pulumi(cli.program, dict(cli.env) | pulumi.stack_environment(settings))
    cli.run("stack", "select", "--create", LOCAL)
    cli = recovery.after_interruption(cli, progress)
    progress.say("... pulumi up of the stack local")
    cli.show("up", "--stack", LOCAL, "--yes", "--skip-preview", "--suppress-permalink=true")
    return served(cli)


def served(cli: Pulumi) -> Served:
    """Read the stack's outputs."""
    outputs = json.loads(cli.run("stack", "output", "--json", "--stack", LOCAL))
    return Served(url=outputs["url"], models=tuple(outputs["models"]))


def down(settings: Settings, progress: Progress) -> None:
    """Remove the stack's objects, then the cluster if it is ours."""
    endpoints = settings.state_dir / "endpoints.json"
    if endpoints.exists() and _is_reachable(settings):
        cli = pulumi.ensure(settings, progress)
        with progress.step("pulumi destroy of the stack local") as step:
            try:
                cli = recovery.after_interruption(cli, progress)
                cli.run("destroy", "--stack", LOCAL, "--yes", "--skip-preview")
            except CommandFailed as e:
                if "no stack named" not in str(e):
                    raise
                step.note = "there was none"
    _forget_stack(settings, progress)
    if (settings.state_dir / "cluster").exists():
        cluster.down(settings, progress)
    endpoints.unlink(missing_ok=True)


def _is_reachable(settings: Settings) -> bool:
    return settings.kubeconfig is not None or cluster.status(settings).is_up


def _forget_stack(settings: Settings, progress: Progress) -> None:
    """Drop the stack's state: the cluster that it describes goes away too."""
    try:
        cli = pulumi.ensure(settings, progress)
        cli.run("stack", "rm", LOCAL, "--yes", "--force", "--preserve-config")
    except CommandFailed as e:
        if "no stack named" not in str(e):
            raise


def estimate_minutes(settings: Settings, num_cores: int) -> float:
    """About how long a first run takes; 0 when everything is built."""
    groups: list[Group] = [] if pulumi.installed() else [PULUMI, CONTAINERS]
    if settings.kubeconfig is None:
        groups += [g for g in (CONTAINERS, KUBERNETES) if g not in groups]
    missing = toolchain.missing(settings, groups)
    if not missing:
        return 0
    return sum(g.minutes for g in missing) * 2 / max(num_cores, 2) + IMAGE_MINUTES


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
    if not found.exists and settings.kubeconfig is None:
        raise ToolError("nothing runs here: `make up` starts the local cluster and the stack local")
    lines = []
    if found.exists:
        lines.append(f"local cluster: {len(found.running)} processes run")
        lines += [f"  not running: {name} (`make up` starts it again)" for name in found.dead]
        lines.append(f"  kubeconfig {found.layout.kubeconfig}")
        lines.append(f"  registry   {found.layout.registry_address}")
        lines.append(f"  logs       {found.layout.logs}")
    cli = pulumi.ensure(settings, Progress(quiet=True))
    try:
        result = served(cli)
    except (CommandFailed, KeyError) as e:
        raise ToolError("\n".join([*lines, "stack local: not up; run `make up`"])) from e
    lines += ["stack local:", f"  address    {result.url}", f"  models     {', '.join(result.models)}"]
    return "\n".join(lines)
