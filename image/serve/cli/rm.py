"""`python -m serve rm`: models out of the server, with their files. A name that was only copied is only forgotten."""

from __future__ import annotations

import argparse
from urllib.parse import quote

import click

from serve.cli.client import Refused, Server


def run(options: argparse.Namespace, server: Server) -> int:
    """All that can be; one line on stderr for each that can't."""
    failed = 0
    for name in options.models:
        try:
            server.ask("DELETE", f"/v1/models/{quote(name, safe='')}")
        except Refused as error:
            if error.status == 401:
                raise
            click.echo(f"serve: {error}", err=True)
            failed += 1
        else:
            click.echo(f"{name} is removed")
    return 2 if failed else 0
