"""`slipway policy`: the rules on files, and what there is to know of them.

Exit status of `check`: 0 nothing fails, 1 something does, 2 the files or the settings can't be read. Errors that a user
can act on are a message without a traceback.
"""

from __future__ import annotations

import datetime
import errno
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from infra import whole_file
from kube.errors import SourceError
from kube.printable import printable
from policies import checking, manual
from policies.admission import manifest
from policies.admission.generate import Fence
from policies.checking import Options
from policies.errors import PolicyError
from policies.reports import json_report, junit, sarif, text
from policies.reports.report import FailOn, Report
from policies.rule import Rule
from policies.rules import MODULES, RULES
from policies.settings_file import alike

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The policy pack on files: Kubernetes manifests, exported states and previews of Pulumi.",
)


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


class ListFormat(StrEnum):
    """How the rules are listed."""

    TEXT = "text"
    JSON = "json"


class Environment(StrEnum):
    """Which levels hold."""

    PROD = "prod"
    DEV = "dev"


class LeastLevel(StrEnum):
    """From which level on rules are asked."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


_RENDERERS = {Format.JSON: json_report.render, Format.SARIF: sarif.render, Format.JUNIT: junit.render}


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Manifests (YAML, JSON), `pulumi stack export`, `pulumi preview --json`; folders; - is stdin",
        ),
    ],
    stack: Annotated[
        str | None, typer.Option(help="Settings of this stack: slipway:policy in Pulumi.<stack>.yaml")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="Settings from this file instead")] = None,
    environment: Annotated[Environment | None, typer.Option(help="Whose levels hold; wins over the settings")] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to report")] = Format.TEXT,
    output: Annotated[Path | None, typer.Option(help="Write the report into this file")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Ask only this rule; may be repeated")] = None,
    level: Annotated[LeastLevel, typer.Option(help="Ask only rules of this level or above")] = LeastLevel.ADVISORY,
    today: Annotated[
        datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which waivers are looked at")
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="From which level on a violation fails the check")] = FailOn.MANDATORY,
    strict_unknown: Annotated[bool, typer.Option("--strict-unknown", help="What is not known fails, too")] = False,  # noqa: FBT002
) -> None:
    """Judge files. Exit status 0: nothing fails; 1: something does; 2: files or settings can't be read."""
    with _errors():
        options = Options(
            rules=_chosen(rule or []),
            least_level=level.value,
            stack=stack,
            settings=settings,
            environment=environment.value if environment else None,
            today=today.date() if today else datetime.datetime.now(tz=datetime.UTC).date(),
            fail_on=fail_on,
            is_strict=strict_unknown,
        )
        stdin = sys.stdin.buffer if sys.stdin else io.BytesIO()  # it may be closed
        report = checking.check(files, stdin, options)
        _write(report, format_, output)
    if report.is_failed:
        raise typer.Exit(1)


@app.command("rules")
def list_rules(format_: Annotated[ListFormat, typer.Option("--format", help="How to list")] = ListFormat.TEXT) -> None:
    """List all rules: level, id, why."""
    with _errors():
        if format_ is ListFormat.JSON:
            _save(f"{json.dumps([_facts(rule) for rule in RULES], indent=2)}\n", None)
            return
        out, width = _out(), max(len(rule.id) for rule in RULES)
        for rule in RULES:
            out.print(
                Text(f"{rule.id:<{width}}  ", style="bold").append(f"{manual.levels(rule)}: {rule.why}", style="")
            )


@app.command()
def explain(rule: Annotated[str, typer.Argument(help="Its id, as in a report")]) -> None:
    """Say why there is a rule, where it comes from, and what is bad and good."""
    with _errors():
        [found] = _chosen([rule])
        _out().print(Text(manual.explain(found)))


@app.command()
def admission(
    stack: Annotated[
        str | None, typer.Option(help="Settings of this stack: slipway:policy in Pulumi.<stack>.yaml")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="Settings from this file instead")] = None,
    environment: Annotated[Environment | None, typer.Option(help="Whose levels hold; wins over the settings")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Fence only namespaces with this label, as key=value; may be repeated")
    ] = None,
    exempt: Annotated[list[str] | None, typer.Option(help="Never fence this namespace; may be repeated")] = None,
    output: Annotated[Path | None, typer.Option(help="Write into this file")] = None,
) -> None:
    """Write the rules as ValidatingAdmissionPolicies, which fence kubectl, too: YAML for `kubectl apply`."""
    with _errors():
        today = datetime.datetime.now(tz=datetime.UTC).date()
        options = Options(
            rules=RULES,
            today=today,
            stack=stack,
            settings=settings,
            environment=environment.value if environment else None,
        )
        fence = Fence.of(label or [], exempt or [])
        _save(manifest.render(RULES, checking.read_settings(options, Path.cwd()), fence, today), output)


@app.command()
def docs(output: Annotated[Path | None, typer.Option(help="Write into this file")] = None) -> None:
    """Write the documentation of all settings and rules: docs/policies.md."""
    with _errors():
        _save(manual.document(MODULES), output)


def _chosen(ids: Sequence[str]) -> tuple[Rule, ...]:
    by_id = {rule.id: rule for rule in RULES}
    for each in ids:
        if each not in by_id:
            raise PolicyError(f"{each}: there is no such rule; {alike(each, by_id)}")
    return tuple(by_id[each] for each in dict.fromkeys(ids)) or RULES


def _facts(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "levels": {environment: level.value for environment, level in rule.level.items()},
        "why": rule.why,
        "source": rule.source,
        "scope": rule.scope.value,
        "kinds": sorted(rule.kinds),
        "remedy": rule.remedy is not None,
        "settings": list(manual.settings_of(rule)),
    }


def _write(report: Report, format_: Format, output: Path | None) -> None:
    if format_ is Format.TEXT:
        lines = list(text.lines(report))
        if output is None:
            out = _out()
            for line in lines:
                out.print(line)
            return
        _save("".join(f"{line.plain}\n" for line in lines), output)
    else:
        _save(_RENDERERS[format_](report), output)
    # What a reader of the report's file would miss on the screen.
    for note in report.notes:
        typer.echo(printable(f"note: {note.origin}: {note.message}"), err=True)
    typer.echo(text.summary(report).plain, err=True)


def _save(content: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(content)
        return
    try:
        whole_file.write(output, content)
    except OSError as error:
        raise SourceError(f"{output}: can't be written: {error.strerror}") from None


def _out() -> Console:
    return Console(soft_wrap=True, highlight=False, markup=False, emoji=False)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (PolicyError, SourceError) as error:
        for line in str(error).splitlines():
            typer.echo(f"error: {printable(line)}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever reads has enough: typer ends quietly
            raise
        sys.stdout = io.StringIO()  # so that Python does not try again at its end
        what = f"{error.filename}: can't be used" if error.filename else "the output can't be written"
        typer.echo(printable(f"error: {what}: {error.strerror}"), err=True)
        raise typer.Exit(2) from None
