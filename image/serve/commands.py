"""The commands beside the server itself: what they are told, and whom they have do it. Knows the command line alone.

`python -m serve` without a word is the server (__main__.py), which needs none of this: each process pays for what it
imports.
"""

from __future__ import annotations

import argparse
import logging
import re
from pathlib import Path

from serve.backup.arguments import add_parsers
from serve.cli.arguments import PEOPLE, is_for_people
from serve.security import new_key


def run(arguments: list[str]) -> int:
    """Choose the command; returns the exit code. SetupError: one clear line says what is wrong."""
    if is_for_people(arguments):
        from serve.cli.command import run as run_for_people

        return run_for_people(arguments)
    options = _parser().parse_args(arguments)
    if options.command == new_key.COMMAND:
        print(new_key.run(options))  # noqa: T201  (no log should have it)
        return 0
    if options.command == "relay":
        return _relay()
    from serve.log import set_up_logging
    from serve.settings import load_settings

    set_up_logging(load_settings().log_level)
    if options.command == "pull" and options.progress:
        from serve.pulls.command import run_for_server

        return run_for_server(options)
    logging.getLogger("serve").info(_one_off(options))
    return 0


def _relay() -> int:
    import asyncio

    import uvloop

    from serve.log import set_up_logging
    from serve.relay.run import relay
    from serve.relay.settings import RelaySettings
    from serve.settings import read_settings

    settings = read_settings(RelaySettings)
    set_up_logging(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(relay(settings))
    return 0


def _one_off(options: argparse.Namespace) -> str:
    from serve.fill import fill

    if options.command in ("backup", "restore"):
        from serve.backup import command

        return command.run(options)
    if options.command == "fill":
        return fill(
            source_dir=options.source_dir,
            target_dir=options.target_dir,
            file=options.file,
            sha256=options.sha256,
            stored=options.stored,
        )
    from serve.pulls.command import run

    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serve", description="Serve GGUF models over HTTP.")
    commands = parser.add_subparsers(dest="command")
    fill = commands.add_parser("fill", help="copy weights from a mounted image into the model cache")
    fill.add_argument("--from", dest="source_dir", type=Path, required=True, metavar="DIR")
    for name in sorted(PEOPLE.keys() - {"pull"}):
        commands.add_parser(name, help=PEOPLE[name])  # only so that it shows: cli/arguments.py has the rest
    pull = commands.add_parser("pull", help=PEOPLE["pull"])
    pull.add_argument("--repo", required=True)
    pull.add_argument("--revision", required=True)
    pull.add_argument("--progress", action="store_true", help="used by the server: tells how it goes in lines of JSON")
    for command in (fill, pull):
        command.add_argument("--to", dest="target_dir", type=Path, required=True, metavar="DIR")
        command.add_argument("--file", required=True)
        # In a cache that models share, names carry a hash.
        command.add_argument("--as", dest="stored", metavar="NAME")
        # The hub has a record of its own; a mounted image has none.
        command.add_argument("--sha256", type=_sha256, required=command is fill, metavar="HEX")
    add_parsers(commands)
    new_key.add_parser(commands)
    commands.add_parser("relay", help="one address in front of several servers: SLIPWAY_SERVERS")
    return parser


def _sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a SHA-256: 64 lower-case hexadecimal digits are")
    return text
