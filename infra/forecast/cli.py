"""`slipway forecast`: make the table of a stack from past load, and say what it would have done in other weeks.

Exit status: 0 done, 64 where options or files can't be read, or there are too few weeks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from infra import weeks
from infra.errors import ConfigError
from infra.forecast import fit as fitting
from infra.forecast import history, table
from infra.forecast.backtest import World
from infra.forecast.backtest import backtest as played
from infra.forecast.history import Sample
from infra.plan.windows import forecast_week
from infra.settings import words
from infra.told import told_errors

EXPORT: Final = "sum by (model) (model_running_requests) + sum by (model) (queue_depth)"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=f"Load to expect, by hours of the week. HISTORY: a CSV (time, requests, model), or what Prometheus answers to "
    f"a range query of `{EXPORT}`.",
)
HistoryArgument = Annotated[Path, typer.Argument(metavar="HISTORY")]
StackOption = Annotated[str, typer.Option("--stack", help="Whose table")]
FolderOption = Annotated[Path, typer.Option("--folder", help="Where tables are")]
ModelOption = Annotated[str | None, typer.Option("--model", help="Whose load it is, where the history does not say it")]


@app.command()
def fit(
    path: HistoryArgument,
    stack: StackOption,
    time_zone: Annotated[str, typer.Option(help="In which people work; that of the stack's schedules")] = "UTC",
    quantile: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of the weeks that were")] = fitting.QUANTILE,
    model: ModelOption = None,
    folder: FolderOption = table.FOLDER,
) -> None:
    """Write the table of a stack, which is committed like any other data."""
    with told_errors():
        found = _read(path, model)
        forecasts = {name: fitting.fit(samples, time_zone, quantile) for name, samples in found.items()}
        where = table.path_of(stack, folder)
        where.parent.mkdir(parents=True, exist_ok=True)
        table.save(where, forecasts, f"{path.name}, quantile {quantile:g}")
        typer.echo(f"{where}: {', '.join(sorted(forecasts))}")


@app.command()
def backtest(
    path: HistoryArgument,
    stack: StackOption,
    target: Annotated[float, typer.Option(min=0.01, help="Requests that one replica shall have: slots x busy_percent")],
    least: Annotated[int, typer.Option(min=0)] = 1,
    most: Annotated[int, typer.Option(min=1)] = 8,
    load_s: Annotated[float, typer.Option(min=0, help="Until a new replica serves, with its node")] = 300,
    ahead_s: Annotated[int, typer.Option(min=1)] = words.FORECAST_AHEAD_S,
    quiet_s: Annotated[float, typer.Option(min=0)] = words.QUIET_S,
    model: ModelOption = None,
    folder: FolderOption = table.FOLDER,
) -> None:
    """Play weeks that the table has not seen, without it and with it."""
    with told_errors():
        forecasts = table.load(stack, folder)
        world = World(least, most, target, load_s, quiet_s)
        for name, samples in sorted(_read(path, model).items()):
            if name not in forecasts:
                raise ConfigError([f"{table.path_of(stack, folder)}: has no {name}; allowed: {', '.join(forecasts)}"])
            zone = forecasts[name].time_zone
            week = weeks.widened(forecast_week(forecasts[name], target, ahead_s, most), zone)
            typer.echo(f"{name}: {played(samples, week, zone, world)}")


def _read(path: Path, model: str | None) -> Mapping[str, tuple[Sample, ...]]:
    return history.read(path.name, path.read_text(encoding="utf-8"), model)
