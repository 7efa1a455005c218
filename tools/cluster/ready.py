"""Small questions to a daemon: does it serve yet?"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx

TIMEOUT_S = 2.0


def http_ok(url: str, ca: Path | None = None, client: tuple[Path, Path] | None = None) -> Callable[[], bool]:
    """Whether a GET of `url` answers 200."""

    def ask() -> bool:
        context: ssl.SSLContext | bool = False
        if ca:
            context = ssl.create_default_context(cafile=str(ca))
            if client:
                context.load_cert_chain(*map(str, client))
        try:
            return httpx.get(url, verify=context, timeout=TIMEOUT_S, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    return ask


def accepts(path: Path) -> Callable[[], bool]:
    """Whether the unix socket at `path` takes connections."""

    def ask() -> bool:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(TIMEOUT_S)
            try:
                s.connect(str(path))
            except OSError:
                return False
        return True

    return ask
