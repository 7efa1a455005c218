"""A hub on 127.0.0.1: answers as Hugging Face does for files, from a folder, and makes trouble on request.

Files lie on a second server, to which the first redirects with a signed address, as the real one does.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA256 = "ab" * 32
_PATH = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")


@dataclass
class HubState:
    """What the hub has, and how it behaves. `asked`: method, path, range and authorization of every request."""

    files: dict[str, Path] = field(default_factory=dict)
    token: str | None = None
    troubles: list[int] = field(default_factory=list)
    error_code: str = ""
    sha256: str | None = SHA256
    knows_ranges: bool = True
    cuts: int = 0
    endless: bool = False
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    url: str = ""
    store_url: str = ""


@contextmanager
def hub_server(files: Mapping[str, Path]) -> Iterator[HubState]:
    """`files`: repository/file -> where it is. Both servers end with the block."""
    state = HubState(files=dict(files))
    hub, store = (ThreadingHTTPServer(("127.0.0.1", 0), _handler(state, kind)) for kind in (_Hub, _Store))
    state.url = f"http://127.0.0.1:{hub.server_address[1]}"
    state.store_url = f"http://127.0.0.1:{store.server_address[1]}"
    threads = [threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.02}) for each in (hub, store)]
    for thread in threads:
        thread.start()
    try:
        yield state
    finally:
        for server in (hub, store):
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


def _handler(state: HubState, kind: type[_Handler]) -> type[BaseHTTPRequestHandler]:
    return type(kind.__name__, (kind,), {"state": state})


class _Handler(BaseHTTPRequestHandler):
    state: HubState
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Tests read `asked`."""

    def do_HEAD(self) -> None:
        self._noted()

    def do_GET(self) -> None:
        self._noted()

    def _noted(self) -> None:
        headers = self.headers
        entry = (self.command, self.path, headers.get("range", ""), headers.get("authorization", ""))
        self.state.asked.append(entry)
        self.respond()

    def respond(self) -> None:
        """By the kind of server."""
        raise NotImplementedError

    def answer(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        """With its length, which HEAD has, too."""
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


class _Hub(_Handler):
    """Knows commit, size and sum, and where the file is."""

    def respond(self) -> None:
        state = self.state
        if state.troubles:
            self.answer(state.troubles.pop(0), {"x-error-code": state.error_code} if state.error_code else {})
            return
        if state.token and self.headers.get("authorization") != f"Bearer {state.token}":
            self.answer(401, {"x-error-code": "GatedRepo"})
            return
        if state.endless:
            self.answer(307, {"location": self.path})
            return
        match = _PATH.fullmatch(self.path)
        key = f"{match['repo']}/{unquote(match['file'])}" if match else ""
        if key not in state.files:
            self.answer(404, {"x-error-code": "EntryNotFound"})
            return
        etag = {"x-linked-etag": f'"{state.sha256}"'} if state.sha256 else {"etag": '"0123456789"'}
        size = {"x-linked-size": str(state.files[key].stat().st_size)}
        where = {"location": f"{state.store_url}/{key}?X-Signature=secret"}
        self.answer(302, {"x-repo-commit": COMMIT, **size, **etag, **where})


class _Store(_Handler):
    """Gives pieces of files."""

    def respond(self) -> None:
        path = self.state.files[unquote(self.path.split("?")[0]).lstrip("/")]
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        if not match or not self.state.knows_ranges:
            self.answer(200, {"content-length": str(path.stat().st_size)})
            return
        first, last = int(match[1]), int(match[2])
        if first >= path.stat().st_size:
            self.answer(416, {})
            return
        with path.open("rb") as file:
            file.seek(first)
            body = file.read(last - first + 1 - self.state.cuts)
        self.answer(206, {}, body)
