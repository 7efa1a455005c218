"""`python -m serve models`: what the server has, what it does, and what it takes."""

from __future__ import annotations

import argparse
import json
from typing import Any

import click

from serve.cli.client import Server
from serve.cli.show import size, table
from serve.errors import SetupError

HEAD = ("MODEL", "STATE", "SIZE", "MEMORY", "CONTEXT", "SLOTS", "ALSO")
PULL_HEAD = ("PULL", "STATE", "DONE", "OF", "FROM")
RIGHT = frozenset({"SIZE", "MEMORY", "CONTEXT", "SLOTS", "DONE", "OF"})


def run(options: argparse.Namespace, server: Server) -> int:
    """The table, or the same for programs."""
    state = server.ask("GET", "/ui/state")
    click.echo(json.dumps(state, indent=2) if options.json else shown(state))
    return 0


def shown(state: dict[str, Any]) -> str:
    """Models, then the pulls that run or have failed."""
    parts = [table(HEAD, map(_row, state["models"]), right=RIGHT) if state["models"] else "there is no model yet"]
    reasons = [f"{each['id']}: {each['reason']}" for each in state["models"] if each["reason"]]
    pulls = [_pull(each) for each in state["pulls"] if each["state"] not in ("complete", "cancelled")]
    if pulls:
        parts.append(table(PULL_HEAD, pulls, right=RIGHT))
    return "\n\n".join([*parts, *(["\n".join(reasons)] if reasons else [])])


def choose(server: Server, name: str | None) -> str:
    """The model that is meant: where none is named, the only one, or the only one that serves."""
    if name is not None:
        return name
    models = server.ask("GET", "/v1/models")["data"]
    for found in (models, [each for each in models if each.get("state") == "serving"]):
        if len(found) == 1:
            return str(found[0]["id"])
    known = ", ".join(each["id"] for each in models) or "none; `pull` brings one"
    raise SetupError(f"name a model: there is {known}")


def _row(model: dict[str, Any]) -> tuple[str, ...]:
    state = model["state"].replace("_", " ")
    if model["state"] == "loading":
        state += f" {model['load_share']:.0%}"
    serves = model["state"] == "serving"
    return (
        model["id"],
        state + (", pinned" if model["is_pinned"] else ""),
        size(model["size_bytes"]) if model["size_bytes"] else "-",
        size(model["memory_bytes"]) if model["memory_bytes"] else "-",
        str(model["context_tokens"]),
        f"{model['num_running']}/{model['num_slots']}" if serves else f"-/{model['num_slots']}",
        " ".join(model["aliases"]),
    )


def _pull(pull: dict[str, Any]) -> tuple[str, ...]:
    total = pull["total_bytes"]
    told = f": {pull['message']}" if pull["message"] else ""
    return pull["file"], pull["state"] + told, size(pull["done_bytes"]), size(total) if total else "-", pull["repo"]
