"""The HTTP side of the server process: its apps on listening sockets. Imported late: it is most of the start."""

from __future__ import annotations

import atexit
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from serve.errors import SetupError
from serve.history.history import History, open_history
from serve.history.types import Bounds
from serve.http.api import create_app, create_metrics_app
from serve.http.protocol import BoundedProtocol
from serve.http.protocol import Bounds as ConnectionBounds
from serve.pulls.pulls import Pulls
from serve.security.setup import Security
from serve.services import Services
from serve.settings import Settings
from serve.supervision.supervisor import Supervisor
from serve.telemetry.metrics import Metrics
from serve.telemetry.traces import NoTracer, Tracer
from serve.tracing.endpoint import traces_endpoint

log = logging.getLogger(__name__)

HISTORY_NAME = "history.sqlite3"
FLUSH_S = 3  # for answers that are computed but not yet sent


def make_servers(
    settings: Settings,
    supervisor: Supervisor,
    pulls: Pulls,
    security: Security,
    main: socket.socket,
    side: socket.socket,
) -> list[tuple[Server, socket.socket]]:
    """The API, and the metrics on a port of their own."""
    metrics = Metrics(supervisor.statuses, pulls=pulls.all, memory_bytes=lambda: supervisor.memory_bytes)
    history = make_history(settings)
    atexit.register(history.close)  # requests may write to the last
    services = Services(settings, supervisor, metrics, history=history, pulls=pulls)
    bounds = ConnectionBounds(settings.max_connections, settings.header_s, settings.body_s, settings.send_s)
    tracer = _tracer(os.environ)
    atexit.register(tracer.close)
    app = create_app(services, tracer, security=security)
    return [(make_server(app, bounds), main), (make_server(create_metrics_app(services), bounds), side)]


def _tracer(environ: Mapping[str, str]) -> Tracer:
    """OpenTelemetry's variables are its own, and its SDK reads them itself. Without a collector it is not imported."""
    endpoint = traces_endpoint(environ)
    if endpoint is None:
        return NoTracer()
    from serve.tracing.setup import make_tracer

    try:
        return make_tracer(endpoint, environ)
    except (OSError, ValueError) as error:  # a certificate that is not there, a timeout that is no number
        log.warning("no traces: %s", error)
        return NoTracer()


def make_history(settings: Settings) -> History:
    """In the file that is set, or beside other state. Only a place that somebody named must be a good one."""
    bounds = Bounds(settings.history_turns, settings.history_user_bytes, settings.history_users, settings.history_bytes)
    if settings.history_file is not None:
        return open_history(settings.history_file, bounds)
    if settings.state_dir is not None:
        try:
            return open_history(settings.state_dir / HISTORY_NAME, bounds)
        except SetupError as error:
            log.error("%s", error)
    log.info("histories of users are kept in memory only: SLIPWAY_HISTORY_FILE names a file for them")
    return open_history(None, bounds)


class Server(uvicorn.Server):
    """uvicorn without its own idea of signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ours are in server.py."""
        yield

    def close_idle(self) -> None:
        """Connections between two requests. Those who have one on its way keep theirs until it is answered."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, BoundedProtocol):
                connection.close_between_requests()


def make_server(app: ASGIApp, bounds: ConnectionBounds) -> Server:
    """An application on connections with these bounds."""
    config = uvicorn.Config(
        app,
        http=partial(BoundedProtocol, bounds),  # type: ignore[arg-type]  # makes what uvicorn asks a class for
        ws="none",  # nobody speaks it, and nothing would guard it
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the address in the log is the one that is connected
        timeout_keep_alive=75,  # above a load balancer's usual 60 s, so that it never sends into a closing connection
        timeout_graceful_shutdown=FLUSH_S,
    )
    return Server(config)
