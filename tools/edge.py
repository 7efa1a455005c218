"""Where our commands meet people: every error that they can act on is one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from infra.errors import SlipwayError
from tools.errors import ToolError


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors that the user can act on are one message and exit status 1, never a traceback."""
    try:
        yield
    except (ToolError, SlipwayError) as e:
        print(f"error: {e}", file=sys.stderr)
        raise typer.Exit(1) from None
    except OSError as e:
        where = f": {e.filename}" if e.filename else ""
        print(f"error: {e.strerror or e}{where}", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        raise typer.Exit(130) from None
