"""The command line with which the engine starts a plugin: `[--logtostderr] [-v=N] [--tracing ENDPOINT] ENGINE`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a plugin takes from its command line."""

    engine_address: str
    """Empty when a person starts the plugin by hand."""
    tracing: str
    executor: str
    """The language host only: the script that runs a Python program."""


def parse(argv: Sequence[str]) -> Arguments:
    """Read what matters; flags of a newer engine are ignored."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    parser.add_argument("--tracing", default="")
    parser.add_argument("--use-executor", default="")
    parser.add_argument("--logtostderr", action="store_true")
    parser.add_argument("--logflow", action="store_true")
    parser.add_argument("-v", type=int, default=0)
    parser.add_argument("engine", nargs="?", default="")
    known, _ = parser.parse_known_args(argv)
    return Arguments(engine_address=known.engine, tracing=known.tracing, executor=known.use_executor)
