"""`slipway render`: the plan of a stack file as files for others than Pulumi. Needs no cluster, no Pulumi, no network.

Exit status: 0 done, 64 where options, files or settings can't be read, or what is asked for can't be rendered; then
nothing has been written.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from infra import endpoints
from infra.catalog.load import load_catalog
from infra.catalog.types import Catalog
from infra.cost import inputs
from infra.cost.cli_group import errors
from infra.cost.errors import CostSettingsError
from infra.environment import Environment
from infra.errors import ConfigError, RenderError
from infra.outputs import aicore, aicore_plans, compose, folder, images, kubernetes
from infra.plan import Plan, make_plan

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Target = Literal["yaml", "aicore", "compose"]


@app.command()
def render(
    stack: Annotated[str, typer.Option(help="Of the Pulumi.<stack>.yaml here or above")],
    output: Annotated[Path, typer.Option(help="A folder; files in it that were not rendered stay as they are")],
    target: Annotated[
        Target, typer.Option(help="Objects, ServingTemplates of SAP AI Core, or a Compose file")
    ] = "yaml",
    image: Annotated[list[str] | None, typer.Option(help="NAME@sha256:..., or <name>=NAME@sha256:...")] = None,
    outputs: Annotated[str, typer.Option(help="A file with `pulumi stack output --json`; - is standard input")] = "",
    model: Annotated[list[str] | None, typer.Option(help="Only these, of aicore and compose")] = None,
    allow_tags: Annotated[bool, typer.Option(help="Take images by tag, which may change what runs")] = False,  # noqa: FBT002
    kustomization: Annotated[bool, typer.Option(help="With a kustomization.yaml, of yaml")] = False,  # noqa: FBT002
) -> None:
    """Write a stack as files: Kubernetes objects for kubectl and GitOps, ServingTemplates, or a Compose file."""
    with errors():
        catalog = load_catalog()
        plan = _chosen(_plan(stack, catalog), target, model or [])
        _require(plan, target, catalog)
        told = inputs.text(outputs, sys.stdin.buffer) if outputs else None
        baked = target == "aicore" and plan.aicore.baked
        known = images.resolve(plan, images.given(image or [], told), allow_tags=allow_tags, baked=baked)
        found = _files(plan, target, known, kustomization=kustomization)
        removed = folder.write(output, found)
        _tell(plan, output, found, removed)


def _plan(stack: str, catalog: Catalog) -> Plan:
    known = endpoints.load(Environment.read().state_dir) or endpoints.without_cluster()
    try:
        return make_plan(inputs.config_of(stack, Path.cwd(), known), catalog)
    except CostSettingsError as error:  # of its file, not of what it costs
        raise ConfigError(error.problems) from None


def _chosen(plan: Plan, target: Target, models: list[str]) -> Plan:
    if not models:
        return plan
    there = [model.id for model in plan.models]
    if target == "yaml":
        raise RenderError(["--model: 'yaml' is of a whole stack; allowed: with --target aicore or compose"])
    if unknown := [name for name in models if name not in there]:
        raise RenderError([f"--model {name}: is none of the stack; allowed: {', '.join(there)}" for name in unknown])
    return dataclasses.replace(plan, models=tuple(model for model in plan.models if model.id in models))


def _require(plan: Plan, target: Target, catalog: Catalog) -> None:
    if target == "yaml" and plan.target == "docker":
        raise RenderError(["--target yaml: the stack has slipway:target docker; allowed: aicore, compose"])
    if target == "aicore" and (problems := list(aicore_plans.problems(plan, catalog))):
        raise RenderError(problems)


def _files(plan: Plan, target: Target, known: images.References, *, kustomization: bool) -> dict[str, str]:
    match target:
        case "yaml":
            return kubernetes.files(plan, known, kustomization=kustomization)
        case "aicore":
            return aicore.files(plan, known)
        case "compose":
            return compose.files(plan, known)


def _tell(plan: Plan, output: Path, found: dict[str, str], removed: list[str]) -> None:
    for notice in plan.notices:
        refused = "" if notice.kind == "warning" else "`pulumi up` would refuse this: "
        typer.echo(f"warning: {refused}{notice.text}", err=True)
    typer.echo(f"{output}: {len(found)} files" + (f"; removed {', '.join(removed)}" if removed else ""))
