"""How `slipway cost` reads its words: without a command it reports, and what it can't read has an exit status of its
own, because 1, 2 and 3 are verdicts here.
"""

from __future__ import annotations

import errno
import io
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from infra.cost.reports.words import plain
from infra.errors import SlipwayError
from kube.errors import SourceError

BAD_INPUT: Final = 64
"""EX_USAGE of sysexits.h: options, files or settings that can't be read."""
BUG: Final = 70
"""EX_SOFTWARE. Python's own 1 would pass for a warning."""
DEFAULT: Final = "report"


class Group(TyperGroup):
    """`slipway cost --stack prod plan.json` is `slipway cost report --stack prod plan.json`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name where it is left out."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = [DEFAULT, *args]
        with usage():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with usage():
            return super().invoke(ctx)


@contextmanager
def usage() -> Iterator[None]:
    """Wrong options get the status of bad input; typer's own would be 2."""
    try:
        yield
    except TyperException as error:
        error.exit_code = BAD_INPUT
        raise


@contextmanager
def errors() -> Iterator[None]:
    """What a user can act on is a message without a traceback."""
    try:
        yield
    except (SlipwayError, SourceError) as error:
        for line in str(error).replace("; nothing was changed:", ":").splitlines():
            typer.echo(f"error: {plain(line)}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever reads has enough: typer ends quietly
            raise
        sys.stdout = io.StringIO()  # so that Python does not try again at its end
        typer.echo(f"error: the output can't be written: {error.strerror}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except (typer.Exit, typer.Abort, TyperException):
        raise
    except Exception:  # noqa: BLE001  a bug must not pass for a verdict
        traceback.print_exc()
        raise typer.Exit(BUG) from None
