"""`slipway models`: what is in the catalog, whether it fits, and adding to it.

Exit status: 0 all is well, 1 something does not fit or is not locked, 64 where options, files or the hub can't be read.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal

import stamina
import typer

from infra.catalog.load import HERE, load_catalog
from infra.fit.check import misfits
from infra.fit.nearest import nearest, shelf
from infra.fit.proof import prove
from infra.told import told_errors
from slipway.models import add as adding
from slipway.models import show
from slipway.models.hub import Hub, access_from

FOUND: Final = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The models that can be served: what is there, does it fit, and adding one.",
)

FolderOption = Annotated[Path, typer.Option("--catalog", help="Folder of the catalog's files")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs")]
SizeName = Literal["full", "small"]
Tier = Literal["critical", "standard", "batch", "experimental"]


@app.command("list")
def list_(folder: FolderOption = HERE, as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Show all models with their sizes."""
    with told_errors():
        catalog = load_catalog(folder)
        typer.echo(_json(show.entries(catalog)) if as_json else show.listing(catalog))


@app.command()
def check(folder: FolderOption = HERE) -> None:
    """Read the catalog as a preview would: every key, every file locked, every model proven to fit its profile."""
    with told_errors():
        catalog = load_catalog(folder)
    asked = [
        (f"{model.id}.{name}", size, catalog.profiles[size.profile])
        for model in catalog.models.values()
        for name, size in show.sizes_of(model)
    ]
    found = [*misfits(asked, shelf(catalog)), *adding.not_pinned(catalog)]
    for problem in found:
        typer.echo(problem)
    typer.echo(f"{len(catalog.models)} models, {len(asked)} sizes: {len(found) or 'no'} problems")
    raise typer.Exit(FOUND if found else 0)


@app.command()
def fit(
    model: Annotated[str, typer.Argument(help="Its id or alias")],
    size: Annotated[SizeName, typer.Option(help="Which of its sizes")] = "full",
    profile: Annotated[str | None, typer.Option(help="Another one than the catalog's")] = None,
    slots: Annotated[int | None, typer.Option(min=1, max=256, help="Conversations at the same time")] = None,
    context: Annotated[int | None, typer.Option(min=256, help="Tokens of each")] = None,
    folder: FolderOption = HERE,
    as_json: JsonOption = False,  # noqa: FBT002
) -> None:
    """Prove whether a model fits, term by term, and say what fits where it does not."""
    with told_errors():
        catalog = load_catalog(folder)
        found = adding.find_model(catalog, model)
        chosen = found.small if size == "small" else found.full
        chosen = replace(chosen, profile=profile or chosen.profile)
        asked = replace(chosen, num_slots=slots or chosen.num_slots, context_tokens=context or chosen.context_tokens)
        on = adding.profile_of(asked.profile, asked, catalog)
        proof = prove(asked, on)
        if as_json:
            typer.echo(_json(show.proof_data(f"{found.id}.{size}", proof)))
        else:
            typer.echo(show.proof_text(f"{found.id}.{size}", proof))
        if not proof.does_fit:
            typer.echo(_instead([each.text for each in nearest(asked, on, shelf(catalog))]), err=True)
            raise typer.Exit(FOUND)


@app.command()
def add(
    repo: Annotated[str, typer.Argument(help="Such as bartowski/Qwen2.5-7B-Instruct-GGUF")],
    file: Annotated[str, typer.Argument(help="Such as Qwen2.5-7B-Instruct-Q4_K_M.gguf")],
    revision: Annotated[str, typer.Option(help="A commit, a tag or a branch")] = "main",
    model_id: Annotated[str | None, typer.Option("--id", help="Its id; made of the file's name otherwise")] = None,
    profile: Annotated[str | None, typer.Option(help="The smallest one that holds it otherwise")] = None,
    slots: Annotated[int, typer.Option(min=1, max=256, help="Conversations at the same time")] = 2,
    context: Annotated[int | None, typer.Option(min=256, help="Tokens of each; 4096 otherwise")] = None,
    title: Annotated[str | None, typer.Option(help="What people call it")] = None,
    audience: Annotated[str | None, typer.Option(help="Who is it for")] = None,
    tier: Annotated[Tier, typer.Option(help="Who may push out whom when the cluster is full")] = "standard",
    folder: FolderOption = HERE,
) -> None:
    """Add a model from the header of its file: an entry in models.yaml, a line in lock.yaml. Downloads no weights."""
    wish = adding.Wish(repo, file, revision, model_id, profile, slots, context, title, audience, tier)
    with told_errors(), _hub() as hub:
        added = adding.add(wish, hub, folder)
    typer.echo(added.text, nl=False)
    typer.echo(show.proof_text(added.id, added.fit), err=True)
    typer.echo(f"added {added.id} to {folder}, locked at commit {added.commit or 'unknown'}", err=True)


@app.command()
def lock(
    models: Annotated[list[str] | None, typer.Argument(help="Ids; all where none is named")] = None,
    folder: FolderOption = HERE,
) -> None:
    """Ask the hub what the files are to the byte, and write lock.yaml anew."""
    with told_errors(), _hub() as hub:
        for key, has_changed in adding.lock(models or [], hub, folder):
            typer.echo(f"{'locked' if has_changed else 'as before'}  {key}")


def _hub() -> Hub:
    stamina.instrumentation.set_on_retry_hooks([])  # it would log every attempt
    return Hub(access_from(os.environ))


def _instead(found: list[str]) -> str:
    return f"fits: {', or '.join(found)}" if found else "nothing in the catalog fits it"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
