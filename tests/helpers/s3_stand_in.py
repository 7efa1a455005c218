"""A bucket on this machine for tests: put, get, delete and list over HTTP; signatures are checked, failures ordered.

It signs what has arrived, by the path and the query as they were sent, and compares: what is encoded otherwise than it
is signed is refused, as by the real service.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from serve.backup.signing import Credentials, signed_headers

CREDENTIALS = Credentials("AKIATEST", "secret-of-the-test")
REGION = "eu-test-1"
PAGE = 3


@dataclass
class StandIn:
    """What is in it, what was asked of it, and what it answers next instead of doing it."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)

    def puts(self) -> list[str]:
        """Keys that were written, in their order."""
        return [key for method, key in self.asked if method == "PUT"]


@contextlib.contextmanager
def running() -> Iterator[StandIn]:
    """On a port of the system's choice."""
    stand_in = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """An object, or a page of keys."""
        body = self._read()
        key, query = self._key(), dict(parse_qsl(urlsplit(self.path).query))
        if self._is_refused(key, body):
            return
        if "list-type" in query:
            self._answer(200, self._page(query).encode())
        elif key in self.stand_in.objects:
            self._answer(200, self.stand_in.objects[key])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_PUT(self) -> None:
        """An object."""
        body, key = self._read(), self._key()
        if not self._is_refused(key, body):
            self.stand_in.objects[key] = body
            self._answer(200)

    def do_DELETE(self) -> None:
        """Fine where nothing is."""
        body, key = self._read(), self._key()
        if not self._is_refused(key, body):
            self.stand_in.objects.pop(key, None)
            self._answer(204)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (its name)
        """Tests are quiet."""

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _key(self) -> str:
        _, _, key = unquote(urlsplit(self.path).path).removeprefix("/").partition("/")
        return key

    def _is_refused(self, key: str, body: bytes) -> bool:
        self.stand_in.asked.append((self.command, key))
        if self.stand_in.failures:
            self._answer(self.stand_in.failures.pop(0), b"<Error><Code>SlowDown</Code></Error>")
            return True
        if hashlib.sha256(body).hexdigest() != self.headers["x-amz-content-sha256"]:
            self._answer(400, b"<Error><Code>XAmzContentSHA256Mismatch</Code></Error>")
            return True
        if "form" in self.headers.get("Content-Type", ""):
            self._answer(400, b"<Error><Code>BodyOfAForm</Code></Error>")
            return True
        if self._signature() != self.headers["Authorization"]:
            self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            return True
        return False

    def _signature(self) -> str:
        parts = urlsplit(self.path)
        now = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        signed = signed_headers(
            CREDENTIALS, REGION, now, self.command, self.headers["Host"], unquote(parts.path), query,
            self.headers["x-amz-content-sha256"], {"content-type": self.headers["Content-Type"] or ""},
        )  # fmt: skip
        return signed["authorization"]

    def _page(self, query: dict[str, str]) -> str:
        found = sorted(key for key in self.stand_in.objects if key.startswith(query["prefix"]))
        start = int(query.get("continuation-token", "0/+&").removesuffix("/+&"))
        page, rest = found[start : start + PAGE], found[start + PAGE :]
        keys = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in page)
        after = f"<NextContinuationToken>{start + PAGE}/+&amp;</NextContinuationToken>" if rest else ""
        return re.sub(r"\s+", " ", f"<ListBucketResult>{keys}{after}</ListBucketResult>")

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
