"""`python -m serve`: the server. `fill` and `pull` put weights into the model cache, `backup` and `restore` copy what
must not be lost, `key` makes an API key, `relay` stands in front of several servers. A running server is asked by
`models`, `pull`, `rm`, `chat` and `bench` (cli/).

The edge: the only place that sees the command line, the environment and exit codes. Exit codes: 0 done, 2 a clear
error in one line on stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import re
import sys
from pathlib import Path

from serve.backup.arguments import add_parsers
from serve.cli.arguments import PEOPLE, is_for_people
from serve.errors import SetupError
from serve.security import new_key
from serve.surroundings import check_memory


def main(arguments: list[str]) -> int:
    """Choose the command and turn its errors into one line."""
    if is_for_people(arguments):
        from serve.cli.command import run

        return run(arguments)
    options = _parser().parse_args(arguments)
    try:
        if options.command == new_key.COMMAND:
            print(new_key.run(options))  # noqa: T201  (no log should have it)
            return 0
        return _command(options)
    except SetupError as error:
        print(f"serve: {error}", file=sys.stderr)  # noqa: T201  (for a person, not for a log reader)
        return 2
    except MemoryError:
        print("serve: there is not enough memory to start", file=sys.stderr)  # noqa: T201
        return 2


def _command(options: argparse.Namespace) -> int:
    if options.command == "relay":
        return _relay()
    if options.command is None:
        check_memory()
        gc.disable()  # server.py enables it: all that is imported stays, and looking through it is a sixth of the start
        from serve.supervision.child import Child

        first = Child(os.environ)  # it imports its things while we import ours
    # Imported here: a worker needs none of it, and each process pays for what it imports.
    from serve.log import set_up_logging
    from serve.settings import load_settings

    settings = load_settings()
    set_up_logging(settings.log_level)
    if options.command is None:
        import uvloop

        from serve.server import serve

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, os.environ, first))
        return 0
    if options.command == "pull" and options.progress:
        from serve.pulls.command import run_for_server

        return run_for_server(options)
    logging.getLogger("serve").info(_one_off(options))
    return 0


def _relay() -> int:
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
