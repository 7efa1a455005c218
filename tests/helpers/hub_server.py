"""A hub on 127.0.0.1: answers as Hugging Face does for files, from a folder, and makes trouble on request.

Files lie on a second server, to which the first redirects with a signed address, as the real one does.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA256 = "ab" * 32
_PATH = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
_TREE = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)/tree/[^/?]+(\?.*)?")
_STEP = 64 * 1024


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
    retry_after: str = ""
    sums: dict[str, str] = field(default_factory=dict)  # of single files; else all have `sha256`
    commit: str = COMMIT
    garbage: bytes | None = None  # what the hub answers to everything
    # What the store does to its next answers with a body, one entry each.
    store_troubles: list[int] = field(default_factory=list)
    cut_after: list[int | None] = field(default_factory=list)  # bytes, then the connection is closed
    wrong: list[str] = field(default_factory=list)  # content, more, range, length, encoding, or nothing
    bytes_per_s: int | None = None
    may_go_on: threading.Event | None = None  # after the first bytes of a body
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    url: str = ""
    store_url: str = ""


@contextmanager
def hub_server(files: Mapping[str, Path], *, has_sums: bool = False) -> Iterator[HubState]:
    """`files`: repository/file -> where it is. Both servers end with the block. `has_sums`: the files' own."""
    state = HubState(files=dict(files))
    state.sums = {key: file_sha256(path) for key, path in files.items()} if has_sums else {}
    hub, store = (_Server(("127.0.0.1", 0), _handler(state, kind)) for kind in (_Hub, _Store))
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


class _Server(ThreadingHTTPServer):
    """Clients leave when they like."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Nobody reads what would be printed."""


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

    def stop(self) -> None:
        """Close the connection in the middle of an answer."""
        self.close_connection = True

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
        if state.garbage is not None:
            self.answer(200, {"content-type": "text/html"}, state.garbage)
            return
        if state.troubles:
            code = {"x-error-code": state.error_code} if state.error_code else {}
            self.answer(state.troubles.pop(0), code | ({"retry-after": state.retry_after} if state.retry_after else {}))
            return
        if state.token and self.headers.get("authorization") != f"Bearer {state.token}":
            self.answer(401, {"x-error-code": "GatedRepo"})
            return
        if state.endless:
            self.answer(307, {"location": self.path})
            return
        if listed := _TREE.fullmatch(self.path):
            self._list(listed["repo"])
            return
        match = _PATH.fullmatch(self.path)
        key = f"{match['repo']}/{unquote(match['file'])}" if match else ""
        if key not in state.files:
            self.answer(404, {"x-error-code": "EntryNotFound"})
            return
        sha256 = state.sums.get(key, state.sha256)
        etag = {"x-linked-etag": f'"{sha256}"'} if sha256 else {"etag": '"0123456789"'}
        size = {"x-linked-size": str(state.files[key].stat().st_size)}
        where = {"location": f"{state.store_url}/{key}?X-Signature=secret"}
        self.answer(302, {"x-repo-commit": state.commit, **size, **etag, **where})

    def _list(self, repo: str) -> None:
        names = [key.removeprefix(f"{repo}/") for key in self.state.files if key.startswith(f"{repo}/")]
        told = [{"type": "file", "path": name, "size": 1, "oid": "0" * 40} for name in sorted(names)]
        if not told:
            self.answer(404, {"x-error-code": "RepoNotFound"})
        else:
            self.answer(200, {"content-type": "application/json"}, json.dumps(told).encode())


class _Store(_Handler):
    """Gives pieces of files."""

    def respond(self) -> None:
        state = self.state
        if state.store_troubles:
            self.answer(state.store_troubles.pop(0), {})
            return
        path = state.files[unquote(self.path.split("?")[0]).lstrip("/")]
        size = path.stat().st_size
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        wrong = state.wrong.pop(0) if state.wrong else ""
        first, last = (int(match[1]), min(int(match[2] or size), size - 1)) if match else (0, size - 1)
        if first >= size > 0:
            self.answer(416, {"content-range": f"bytes */{size}"})
            return
        last -= state.cuts
        length = str(last - first + 1 + (7 if wrong in ("length", "more") else 0))
        headers = {"content-length": length} | ({"content-encoding": "gzip"} if wrong == "encoding" else {})
        if not match or not state.knows_ranges:
            first, last = 0, size - 1
            self.begin(200, headers | {"content-length": str(size + (7 if wrong in ("length", "more") else 0))})
        else:
            begins = first + 1 if wrong == "range" else first
            self.begin(206, headers | {"content-range": f"bytes {begins}-{last}/{size}"})
        if self.command == "GET":
            self._send(path, first, last + 1, wrong)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """What comes before a body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, path: Path, first: int, end: int, wrong: str) -> None:
        """With what is wrong with it; the client may leave at any byte."""
        cut = self.state.cut_after.pop(0) if self.state.cut_after else None
        stop_at = end if cut is None else min(first + cut, end)
        try:
            with path.open("rb") as file:
                self._send_bytes(file, first, stop_at, wrong)
        except ConnectionError:
            self.stop()
        if stop_at < end:
            self.stop()

    def _send_bytes(self, file: BinaryIO, first: int, end: int, wrong: str) -> None:
        state, began, at = self.state, time.monotonic(), first
        if state.bytes_per_s is None and state.may_go_on is None and wrong == "":
            if end > first:  # a count of 0 would mean all
                self.connection.sendfile(file, first, end - first)
            return
        file.seek(first)
        while at < end:
            chunk = file.read(min(_STEP, end - at))
            if wrong == "content":
                chunk = bytes(byte ^ 1 for byte in chunk[:1]) + chunk[1:]
            self.wfile.write(chunk)
            at += len(chunk)
            if state.may_go_on is not None:
                state.may_go_on.wait()
            if state.bytes_per_s is not None:
                time.sleep(max(began + (at - first) / state.bytes_per_s - time.monotonic(), 0))
        if wrong == "more":
            self.wfile.write(b"no more")


def file_sha256(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
