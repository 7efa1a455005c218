"""`python -m serve.probe`: asks the server of this container whether it lives; the image's HEALTHCHECK.

For engines that have no probes of their own and an image that has no shell and no curl. It imports as little as it can,
since it is started every few seconds for as long as the container lives.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping

PATH = "/health/live"
TIMEOUT_S = 2.0
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (nothing is bound here)


def main(environ: Mapping[str, str]) -> int:
    """0: it lives. 1: it does not, and one line says what came instead."""
    host, port = environ.get("SLIPWAY_HOST", ""), environ.get("SLIPWAY_PORT", "8000")
    try:
        status = ask(_EVERYWHERE.get(host, host), int(port))
    except (OSError, ValueError) as error:
        print(f"{PATH} at port {port}: {error}", file=sys.stderr)  # noqa: T201  (engines keep it for a person)
        return 1
    if status != "200":
        print(f"{PATH} at port {port}: {status or 'no answer'}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def ask(host: str, port: int) -> str:
    """The answer's status code; empty where there is none."""
    with socket.create_connection((host, port), TIMEOUT_S) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        words = connection.makefile("rb").readline().split()
    return words[1].decode("ascii", "replace") if len(words) > 1 else ""


if __name__ == "__main__":
    sys.exit(main(os.environ))
