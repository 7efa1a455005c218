"""What the commands for people take. Imports nothing of what they do: every start of the server reads this.

`pull` has two forms, told apart by `--to`: with a folder, this process downloads into it (what Jobs and the server
itself run); without one, a running server is asked to.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

PEOPLE: Final = {
    "models": "the models of a running server: state, size, memory",
    "pull": "let a running server download a model; with --to, download weights into a folder",
    "rm": "remove models from a running server, with their files",
    "chat": "talk to a model of a running server",
    "bench": "measure how fast a running server answers",
}


def is_for_people(arguments: list[str]) -> bool:
    """Does a person ask a running server something?"""
    name = arguments[0] if arguments else ""
    if name == "pull":
        return not any(each == "--to" or each.startswith("--to=") for each in arguments)
    return name in PEOPLE


def parser(environ: Mapping[str, str] = os.environ) -> argparse.ArgumentParser:
    """All five."""
    made = argparse.ArgumentParser(prog="python -m serve")
    commands = made.add_subparsers(dest="command", required=True)
    for name, add in _ADD.items():
        command = commands.add_parser(name, description=f"{PEOPLE[name]}.", help=PEOPLE[name])
        add(command)
        server = command.add_argument_group("which server")
        server.add_argument("--url", default=_url(environ), help="or SLIPWAY_URL; %(default)s if neither is given")
        server.add_argument("--key-file", type=Path, metavar="FILE", help="holds the API key; or SLIPWAY_API_KEY")
    return made


def _url(environ: Mapping[str, str]) -> str:
    """In the server's own container that is the server."""
    return environ.get("SLIPWAY_URL") or f"http://127.0.0.1:{environ.get('SLIPWAY_PORT') or 8000}"


def _models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def _pull(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Ctrl-C ends the watching, not the pull, which others may wait for: --cancel does that. "
        "With --to DIR this process downloads by itself: pull --repo R --revision V --file F --to DIR [--sha256 HEX]."
    )
    parser.add_argument("repo", metavar="REPO", help="on Hugging Face, such as unsloth/gemma-3-270m-it-GGUF")
    parser.add_argument("file", metavar="FILE", help="in it, or a pattern that one model fits: '*Q4_K_M*'")
    parser.add_argument("--revision", metavar="NAME", help="a branch, a tag or a commit; main if not given")
    parser.add_argument("--sha256", metavar="HEX", help="what the file must have; else what the hub has recorded")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--detach", action="store_true", help="do not wait for its end")
    what.add_argument("--cancel", action="store_true", help="end such a pull instead, and remove what it has written")


def _rm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", nargs="+", metavar="MODEL")


def _chat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", metavar="MODEL", help="may be left out where one is served")
    parser.add_argument("prompt", nargs="*", metavar="WORD", help="one question; else they are asked for")
    parser.add_argument("--system", metavar="TEXT", help="the system prompt")
    parser.add_argument("--temperature", type=float, metavar="T", help="the model's own if not given")
    parser.add_argument("--max-tokens", type=_count, metavar="N", help="of each answer; as many as fit if not given")
    parser.add_argument("--verbose", action="store_true", help="tell tokens and speed after each answer")


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", metavar="MODEL", help="may be left out where one is served")
    parser.add_argument("-n", "--requests", type=_count, default=32, metavar="N", help="%(default)s if not given")
    parser.add_argument("-c", "--concurrency", type=_count, default=4, metavar="N", help="at once; %(default)s")
    parser.add_argument("--prompt-tokens", type=_count, default=128, metavar="N", help="of each request; %(default)s")
    parser.add_argument("--max-tokens", type=_count, default=64, metavar="N", help="of each answer; %(default)s")
    parser.add_argument("--json", action="store_true", help="for programs")


_ADD: Final[dict[str, Callable[[argparse.ArgumentParser], None]]] = {
    "models": _models,
    "pull": _pull,
    "rm": _rm,
    "chat": _chat,
    "bench": _bench,
}


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed: 1 or more is")
    return int(text)
