"""Errors of commands as people read them: one line each on stderr, an exit status, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from infra.errors import SlipwayError

BAD_INPUT: Final = 64


@contextmanager
def told_errors() -> Iterator[None]:
    """What a person can act on. Anything else is a bug and keeps its traceback."""
    try:
        yield
    except SlipwayError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except UnicodeError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
    except OSError as error:
        typer.echo(f"error: {error.filename}: {error.strerror}" if error.filename else f"error: {error}", err=True)
        raise typer.Exit(BAD_INPUT) from None
