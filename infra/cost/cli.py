"""`slipway cost`: what a stack costs before it is spent, on files or on the plan of a stack file.

Exit status: 0 pass, 1 warning, 2 critical, 3 exceeded; 64 where options, files or settings can't be read. With --json,
or another format for programs, standard output holds nothing else; everything else is said on standard error.
"""

from __future__ import annotations

import datetime
import difflib
import io
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from infra import whole_file
from infra.cost import allocations, assess, inputs, optimise, optimise_text, reconcile, throughput_file, what_if
from infra.cost.cli_group import Group, errors
from infra.cost.cli_options import (
    DayOption,
    FileArgument,
    Format,
    FormatOption,
    JsonOption,
    OutputOption,
    SettingsOption,
    SnapshotArgument,
    StackOption,
    ThroughputOption,
)
from infra.cost.errors import CostSettingsError, SnapshotError, WhatIfError
from infra.cost.opening import open_market
from infra.cost.report import Report
from infra.cost.reports import (
    csv_report,
    explanation,
    html,
    infracost,
    json_report,
    markdown,
    optimisation,
    reconciliation,
    summary,
    table,
    words,
)
from infra.cost.settings import CostSettings
from infra.cost.snapshot import Snapshot
from infra.cost.throughput_file import Entry

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="What a stack costs a month, before it is spent: `slipway cost --stack prod [FILE]` reports.",
)


@app.command()
def report(
    file: FileArgument = "",
    stack: StackOption = "",
    settings: SettingsOption = None,
    format_: FormatOption = Format.TABLE,
    json: JsonOption = False,  # noqa: FBT002
    output: OutputOption = None,
    as_of: DayOption = None,
    throughput: ThroughputOption = None,
) -> None:
    """Report what a stack costs. The name of this command may be left out."""
    with errors():
        chosen = _settings(stack, settings)
        found = assess.assess(_name(stack), _snapshot(file, stack), chosen, _day(as_of), _measured(throughput))
        _finish(found, Format.JSON if json else format_, output, as_of)


@app.command()
def diff(
    old: SnapshotArgument,
    new: SnapshotArgument,
    stack: StackOption = "",
    settings: SettingsOption = None,
    format_: FormatOption = Format.TABLE,
    json: JsonOption = False,  # noqa: FBT002
    output: OutputOption = None,
    as_of: DayOption = None,
    throughput: ThroughputOption = None,
) -> None:
    """Compare two states: what NEW costs, against OLD, and why. Of previews, what they would leave counts."""
    with errors():
        if old == new == inputs.STDIN:
            raise SnapshotError(["only one of both can be standard input"])
        chosen = _settings(stack, settings)
        past, now = inputs.read(old, _stdin()), inputs.read(new, _stdin())
        checks, warnings = (*past.checks, *now.checks), tuple(dict.fromkeys((*past.warnings, *now.warnings)))
        merged = Snapshot(past.after, now.after, now.unpriced, checks, warnings, past.unpriced)
        found = assess.assess(_name(stack), merged, chosen, _day(as_of), _measured(throughput))
        _finish(found, Format.JSON if json else format_, output, as_of)


@app.command()
def explain(
    model: Annotated[str, typer.Argument(help="A model, or a workload as namespace/name")],
    file: FileArgument = "",
    stack: StackOption = "",
    settings: SettingsOption = None,
    as_of: DayOption = None,
    throughput: ThroughputOption = None,
) -> None:
    """Show each line of a model's cost, and all that is known about it."""
    with errors():
        chosen = _settings(stack, settings)
        found = assess.assess(_name(stack), _snapshot(file, stack), chosen, _day(as_of), _measured(throughput))
        row = next((each for each in found.models if each.name == model), None)
        if row is None:
            raise WhatIfError([f"there is no model {model!r}; {_like(model, explanation.names(found))}"])
        table.show_sections(f"{model}, a month", explanation.explain(found, row), (), sys.stdout)


@app.command("what-if")
def what_if_command(
    file: FileArgument = "",
    stack: StackOption = "",
    replicas: Annotated[list[str] | None, typer.Option(help="MODEL=2..6 or MODEL=3; may be repeated")] = None,
    gpu: Annotated[list[str] | None, typer.Option(help="MODEL=PRODUCT, as NVIDIA-L4; may be repeated")] = None,
    spot: Annotated[list[str] | None, typer.Option(help="Percent of nodes, or POOL=60; may be repeated")] = None,
    settings: SettingsOption = None,
    format_: FormatOption = Format.TABLE,
    json: JsonOption = False,  # noqa: FBT002
    output: OutputOption = None,
    as_of: DayOption = None,
    throughput: ThroughputOption = None,
) -> None:
    """Report what the stack would cost if it were set otherwise, against what it is set to."""
    with errors():
        asked = what_if.parse(replicas or (), gpu or (), spot or ())
        if not (asked.replicas or asked.gpus or asked.spot):
            raise WhatIfError(["nothing is to be otherwise: give --replicas, --gpu or --spot"])
        chosen, measured = _settings(stack, settings), _measured(throughput)
        found = assess.assess_what_if(_name(stack), _snapshot(file, stack), chosen, _day(as_of), asked, measured)
        _finish(found, Format.JSON if json else format_, output, as_of)


@app.command("optimise")
def optimise_command(
    file: FileArgument = "",
    stack: StackOption = "",
    settings: SettingsOption = None,
    json: JsonOption = False,  # noqa: FBT002
    throughput: ThroughputOption = None,
) -> None:
    """Look for the cheapest node types on which every pod still fits, proven by packing."""
    with errors():
        chosen = _settings(stack, settings)
        _, asked = _snapshot(file, stack).demands(chosen.time_zone)
        market = open_market(chosen, asked, measured=_measured(throughput))
        found = optimise.optimise(asked, market, market.machines)
        shown = optimisation.render_json if json else optimise_text.text
        sys.stdout.write(f"{shown(found, chosen.currency)}\n")


@app.command("reconcile")
def reconcile_command(
    allocation: Annotated[str, typer.Argument(metavar="ALLOCATION.json", help="OpenCost's /allocation/compute")],
    file: FileArgument = "",
    stack: StackOption = "",
    settings: SettingsOption = None,
    json: JsonOption = False,  # noqa: FBT002
    as_of: DayOption = None,
    throughput: ThroughputOption = None,
) -> None:
    """Compare the estimate with what OpenCost has measured: the error of each model, and what to set."""
    with errors():
        measured = allocations.read(inputs.text(allocation, _stdin()))
        chosen = _settings(stack, settings)
        found = assess.assess(_name(stack), _snapshot(file, stack), chosen, _day(as_of), _measured(throughput))
        compared = reconcile.reconcile(found, measured)
        if json:
            sys.stdout.write(reconciliation.render_json(compared, found.currency))
        else:
            reconciliation.show(compared, found.currency, sys.stdout)


def _snapshot(file: str, stack: str) -> Snapshot:
    if file:
        return inputs.read(file, _stdin())
    if not stack:
        raise SnapshotError(["name a FILE, or a stack whose plan is to be priced: --stack prod"])
    return inputs.of_plan(stack, Path.cwd())


def _settings(stack: str, settings: Path | None) -> CostSettings:
    if settings is not None:
        return inputs.settings_in(settings)
    if not stack:
        raise CostSettingsError(["where does it run, on which nodes? Name a --stack, or a file with --settings"])
    return inputs.settings_of(stack, Path.cwd())


def _name(stack: str) -> str:
    return inputs.short(stack) or "unnamed"


def _measured(file: Path | None) -> tuple[Entry, ...]:
    return throughput_file.load(file).entries if file else ()


def _day(as_of: datetime.datetime | None) -> datetime.date:
    return (as_of or datetime.datetime.now(tz=datetime.UTC)).date()


def _stdin() -> BinaryIO:
    return sys.stdin.buffer if sys.stdin else io.BytesIO()  # it may be closed


def _like(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"allowed: {', '.join(known)}"


def _finish(found: Report, format_: Format, output: Path | None, as_of: datetime.datetime | None) -> None:
    """Write the report; its gate is the exit status."""
    if format_ is Format.TABLE and output is None:
        table.show(found, sys.stdout)
    else:
        _save(_text(found, format_, as_of), output)
        said = ", ".join(f"{label.lower()} {value}" for label, value in summary.head(found))
        typer.echo(f"{words.plain(found.stack)}: {words.VERDICTS[found.gate]}: {said}", err=True)
    if status := words.EXIT_CODES[found.gate]:
        raise typer.Exit(status)


def _text(found: Report, format_: Format, as_of: datetime.datetime | None) -> str:
    if format_ is Format.INFRACOST:
        now = as_of.replace(tzinfo=datetime.UTC) if as_of else datetime.datetime.now(tz=datetime.UTC)
        return infracost.render(found, now)
    if format_ is Format.TABLE:
        out = io.StringIO()
        table.show(found, out)
        return out.getvalue()
    renderers = {
        Format.MARKDOWN: markdown.render,
        Format.JSON: json_report.render,
        Format.CSV: csv_report.render,
        Format.HTML: html.render,
    }
    return renderers[format_](found)


def _save(content: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(content)
        return
    try:
        whole_file.write(output, content)
    except OSError as error:
        raise SnapshotError([f"{output}: can't be written: {error.strerror}"]) from None
