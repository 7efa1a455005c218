"""The command line `slipway`. Each part brings its own commands; a part is imported when one of them is asked for.

So `slipway policy` starts in a moment and needs nothing that only another part needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

PARTS: Final[Mapping[str, str]] = {
    "policy": "policies.cli",
    "cost": "infra.cost.cli",
    "bench": "slipway.bench",
    "models": "slipway.models.cli",
    "forecast": "infra.forecast.cli",
    "doctor": "slipway.doctor.command",
    "render": "slipway.render",
}
"""Command -> module whose `app` has its commands."""


class _Parts(TyperGroup):
    """The parts as commands, imported late."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  as the base class has it
        return list(PARTS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in PARTS:
            return None
        command = typer.main.get_command(import_module(PARTS[cmd_name]).app)
        command.name = cmd_name  # of a group, Typer itself does not know it
        return command


app = typer.Typer(
    cls=_Parts,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Open-weight models on Kubernetes: what the parts of Slipway do besides `pulumi up`.",
)


@app.callback()
def _slipway() -> None:
    """Only here so that typer makes a group."""


def main(arguments: list[str] | None = None) -> None:
    """What the command runs; with its own arguments where none are given."""
    app(arguments, prog_name="slipway")
