"""The options that the commands of `slipway cost` share."""

from __future__ import annotations

import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"
    INFRACOST = "infracost"
    CSV = "csv"
    HTML = "html"


StackOption = Annotated[str, typer.Option(help="Settings of this stack: slipway:cost in Pulumi.<stack>.yaml")]
SettingsOption = Annotated[Path | None, typer.Option(help="Settings from this file instead: the keys of slipway:cost")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to report")]
JsonOption = Annotated[bool, typer.Option("--json", help="As --format json")]
OutputOption = Annotated[Path | None, typer.Option(help="Write the report into this file")]
DayOption = Annotated[
    datetime.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The day that counts for the age of prices; today by default"),
]
ThroughputOption = Annotated[Path | None, typer.Option(help="Measured throughput, as infra/cost/data/throughput.yaml")]
FileArgument = Annotated[
    str,
    typer.Argument(
        metavar="[FILE]",
        help="`pulumi preview --json --show-sames`, `pulumi stack export`, manifests; - is stdin; none: the plan",
    ),
]
SnapshotArgument = Annotated[str, typer.Argument(help="A preview, an exported state or manifests; - is stdin")]
