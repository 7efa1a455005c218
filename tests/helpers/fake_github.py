"""The few routes of GitHub's API that a comment needs, on this machine, with a memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-of-the-job"


@dataclass
class GitHub:
    """`comments` of the one pull request, `asked` what was asked; `failing` answers 502 so often first."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    failing: int = 0

    def add(self, body: str, kind: str = "Bot") -> int:
        """A comment that is there; returns its id."""
        self.comments.append({"id": len(self.comments) + 1, "body": body, "user": {"type": kind}})
        return len(self.comments)


@contextmanager
def github() -> Iterator[GitHub]:
    """One that ends with the block."""
    state = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            state.asked.append((self.command, self.path))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = _respond(state, self.command, self.path, self.headers.get("Authorization", ""), body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815  the base class asks for these

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _respond(state: GitHub, method: str, path: str, authorization: str, body: bytes) -> tuple[int, Any]:
    if state.failing:
        state.failing -= 1
        return 502, {}
    if authorization != f"Bearer {TOKEN}":
        return 403, {}
    parts, query = urlsplit(path).path.split("/"), parse_qs(urlsplit(path).query)
    if method == "GET":
        size, page = (int(query[name][0]) for name in ("per_page", "page"))
        return 200, state.comments[(page - 1) * size : page * size]
    text = json.loads(body)["body"]
    if method == "POST":
        return 201, state.comments[state.add(text) - 1]
    comment = state.comments[int(parts[-1]) - 1]
    comment["body"] = text
    return 200, comment
