"""`python -m health_monitor.probe`: the health check of a container without a shell. Exit code 0: the monitor is well.

Runs every few seconds, so it imports nothing of the monitor, whose settings alone take ten times as long.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import Mapping

TIMEOUT_S = 2.0
HOST, PORT = "0.0.0.0", 9095  # noqa: S104  (nothing is bound here)
"""The defaults of settings.py; a test compares them."""


def main(environ: Mapping[str, str]) -> int:
    """Ask /health of this container; why not, in one line."""
    try:
        port = int(environ.get("MONITOR_PORT") or PORT)
        host = environ.get("MONITOR_HOST") or HOST
        address = f"http://{'127.0.0.1' if host == HOST else host}:{port}/health"
        with urllib.request.urlopen(address, timeout=TIMEOUT_S):
            return 0
    except (OSError, ValueError) as error:
        print(f"health_monitor: {error}", file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
