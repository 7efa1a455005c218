"""From the arguments of a person to an exit code: 0 done, 1 something of many failed, 2 one clear line on stderr."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from importlib import import_module

from serve.cli.arguments import parser
from serve.cli.client import Server, connect, read_key
from serve.errors import SetupError

INTERRUPTED = 130


def run(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int:
    """One command."""
    options = parser(environ).parse_args(arguments)
    try:
        return _run(options, environ)
    except SetupError as error:
        print(f"serve: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyError as error:  # only answers are looked into by name
        print(f"serve: {options.url} does not answer as Slipway does: {error} is missing", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Each command is a module with a function `run`."""
    with connect(options.url, read_key(options.key_file, environ)) as client:
        code: int = import_module(f"serve.cli.{options.command}").run(options, Server(client))
        return code
