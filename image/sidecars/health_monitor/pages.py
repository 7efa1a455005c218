"""The monitor's own pages, served from threads: they answer while the loop waits, and show when it hangs.

/health is about the monitor, not about what it watches: were it 503 for a service that is down, the monitor would be
restarted for it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from prometheus_client import CONTENT_TYPE_LATEST

from health_monitor.board import Board, Entry
from health_monitor.errors import SetupError
from health_monitor.metrics import Metrics

Page = Callable[[], tuple[int, str, bytes]]
JSON = "application/json"
SILENT_S = 5.0
"""How long a client may say nothing."""


def make_pages(board: Board, metrics: Metrics, now_s: Callable[[], float]) -> dict[str, Page]:
    """Status, type and body by path."""

    def health() -> tuple[int, str, bytes]:
        late = board.late(now_s())
        body = {"status": "late" if late else "ok", **({"late": late} if late else {})}
        return (503 if late else 200), JSON, _json(body)

    def status() -> tuple[int, str, bytes]:
        return 200, JSON, _json({"services": {name: _shown(entry) for name, entry in board.entries().items()}})

    def exposition() -> tuple[int, str, bytes]:
        return 200, CONTENT_TYPE_LATEST, metrics.text()

    return {"/health": health, "/status": status, "/metrics": exposition}


def start(host: str, port: int, pages: dict[str, Page]) -> ThreadingHTTPServer:
    """Serve until `shutdown()`; port 0 takes a free one, `server_port` says which."""

    class Handler(_Handler):
        served: ClassVar[dict[str, Page]] = pages

    try:
        server = _Server((host, port), Handler)
    except OSError as error:
        raise SetupError(f"MONITOR_PORT is {port}: {error.strerror}") from None
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # one that talks to a slow client keeps nobody from ending

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news; the default would write a traceback."""


class _Handler(BaseHTTPRequestHandler):
    served: ClassVar[dict[str, Page]] = {}
    timeout = SILENT_S

    def do_GET(self) -> None:
        page = self.served.get(self.path.partition("?")[0])
        if page is None:
            return self._send(404, JSON, _json({"error": "not found", "paths": sorted(self.served)}))
        return self._send(*page())

    do_HEAD = do_GET  # noqa: N815  (as the base class wants it)

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Not which Python it is."""
        return "health-monitor"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
        """Probes come every few seconds."""


def _shown(entry: Entry) -> dict[str, object]:
    return {
        "state": entry.state.value,
        "since": _time(entry.since_at),
        "url": entry.service.shown_url,
        "checked": _time(entry.checked_at),
        "failure": entry.failure.text if entry.failure else None,
    }


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="milliseconds")


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"
