"""`python -m serve key`: makes an API key. The server's file gets the hash; only its owner ever sees the key itself."""

from __future__ import annotations

import argparse
import secrets
from typing import Any

from serve.errors import SetupError
from serve.security.keys import KeysError, digest_of, parse_keys

COMMAND = "key"
_NUM_BYTES = 32
_OPTIONS = ("name", "rate_per_min", "concurrency", "priority")


def add_parser(commands: Any) -> None:
    """Beside the other commands."""
    parser = commands.add_parser(COMMAND, help="make an API key: prints the key, then its line for the file of keys")
    for option in _OPTIONS:
        parser.add_argument(f"--{option.replace('_', '-')}", dest=option, metavar="X")


def run(options: argparse.Namespace) -> str:
    """Two lines: the key, for who asks, and what the server's file gets."""
    key = f"sk-{secrets.token_urlsafe(_NUM_BYTES)}"
    given = ((option, getattr(options, option)) for option in _OPTIONS)
    line = " ".join(
        (f"sha256:{digest_of(key.encode()).hex()}", *(f"{option}={value}" for option, value in given if value))
    )
    try:
        parse_keys(line, is_admin=False)
    except KeysError as error:
        raise SetupError(str(error).replace(" in line 1", "")) from error
    return f"{key}\n{line}"
