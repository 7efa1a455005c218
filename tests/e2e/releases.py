"""Stands for the place of cloudflared's releases, which is not asked in tests: one program under one version."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.e2e.workspace import ROOT

CLOUDFLARED = ROOT / "image" / "sidecars" / "cloudflared"
VERSION = "1.2.3"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
SHA256 = f"SHA256_{ARCHITECTURE.upper()}"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


@contextmanager
def serving(program: bytes, folder: Path) -> Iterator[Mapping[str, str]]:
    """The image's build arguments for a release that is this program."""
    (folder / VERSION).mkdir()
    (folder / VERSION / f"cloudflared-linux-{ARCHITECTURE}").write_bytes(program)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield {
            "RELEASES": f"http://127.0.0.1:{server.server_port}",
            "VERSION": VERSION,
            SHA256: hashlib.sha256(program).hexdigest(),
        }
        server.shutdown()
