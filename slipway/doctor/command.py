"""`slipway doctor`: options, kubeconfig, exit status.

0: nothing lacks, 1: something lacks that nothing here needs, 2: something lacks that the stack needs; 64: options,
files or settings that can't be read, or a cluster that does not answer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from infra import endpoints
from infra.catalog.load import load_catalog
from infra.cost import inputs
from infra.cost.cli_group import errors, usage
from infra.cost.errors import CostSettingsError
from infra.cost.plan_objects import plan_objects
from infra.environment import Environment
from infra.errors import ConfigError
from infra.plan import make_plan
from infra.stack import ClusterConfig
from slipway.doctor import answers, checks, needs, show
from slipway.doctor.checks.platform import wanted_rights
from slipway.doctor.cluster import Cluster, resources_path
from slipway.doctor.connection import Connection
from slipway.doctor.finding import status
from slipway.doctor.needs import Needs

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class _Command(TyperCommand):
    """Wrong options have the status of bad input; typer's own is 2, which is a verdict here."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with usage():
            return super().parse_args(ctx, args)


@app.command(cls=_Command)
def doctor(
    stack: Annotated[str, typer.Option(help="What this stack needs, of the Pulumi.<stack>.yaml here or above")] = "",
    context: Annotated[str, typer.Option(help="Of the kubeconfig; the stack's where it names one")] = "",
    kubeconfig: Annotated[str, typer.Option(help="Else the stack's, KUBECONFIG, ~/.kube/config")] = "",
    json: Annotated[bool, typer.Option("--json", help="For programs")] = False,  # noqa: FBT002
) -> None:
    """Tell what a cluster has and lacks, what happens without it, and which setting changes that. Changes nothing."""
    with errors():
        wanted, where = _stack(stack) if stack else (Needs(), None)
        path = kubeconfig or (where and where.kubeconfig) or ""
        connection = Connection(path, context or (where and where.context) or "", os.environ)
        found = answers.collect(
            connection.get, connection.may, _paths(wanted), lambda seen: wanted_rights(seen, wanted)
        )
        findings = checks.examine(Cluster(found), wanted)
        if json:
            sys.stdout.write(show.as_json(findings, connection.server, wanted.stack))
        else:
            show.table(findings, connection.server, wanted.stack, sys.stdout)
    raise typer.Exit(status(findings))


def _stack(name: str) -> tuple[Needs, ClusterConfig]:
    """What `pulumi up` of it would apply, and where."""
    known = endpoints.load(Environment.read(os.environ).state_dir) or endpoints.without_cluster()
    try:
        config = inputs.config_of(name, Path.cwd(), known)
    except CostSettingsError as error:  # of its file, not of what it costs
        raise ConfigError(error.problems) from None
    return needs.of(inputs.short(name), plan_objects(make_plan(config, load_catalog()))), config.cluster


def _paths(wanted: Needs) -> Iterator[str]:
    """Beside those of every cluster: the kinds and the namespaces of the stack."""
    versions: Iterable[str] = sorted({version for version, _, _ in wanted.kinds})
    yield from map(resources_path, versions)
    yield from (f"/api/v1/namespaces/{name}" for name in wanted.namespaces)
