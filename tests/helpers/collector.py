"""A collector of spans on 127.0.0.1: takes OTLP in JSON over HTTP and keeps it."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Span = dict[str, Any]


@dataclass
class Collector:
    """What came. `headers` are those of the last request."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def wait_for(self, is_there: Callable[[list[Span]], bool], timeout_s: float = 10) -> list[Span]:
        """Until all that is asked for has come: spans are sent some time after their requests."""
        deadline = time.monotonic() + timeout_s
        while not is_there(self.spans):
            assert time.monotonic() < deadline, [span["name"] for span in self.spans]
            time.sleep(0.02)
        return list(self.spans)

    def take(self, body: dict[str, Any]) -> None:
        """One export."""
        for resource in body["resourceSpans"]:
            self.resources.append(attributes(resource["resource"]))
            for scope in resource["scopeSpans"]:
                self.spans += scope["spans"]


def attributes(thing: dict[str, Any]) -> dict[str, Any]:
    """As a plain dict."""
    return {each["key"]: _plain(each["value"]) for each in thing.get("attributes", [])}


def _plain(value: dict[str, Any]) -> Any:
    ((kind, found),) = value.items()
    if kind == "intValue":
        return int(found)
    return [_plain(each) for each in found["values"]] if kind == "arrayValue" else found


@contextmanager
def collector() -> Iterator[Collector]:
    """One that ends with the block."""
    state = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            state.headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(self.headers["content-length"]))
            state.take(json.loads(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
