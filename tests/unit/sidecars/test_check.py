"""Tests of health_monitor.check, against a server on this machine."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from health_monitor.check import Failure, HttpChecker, make_client
from health_monitor.services import Pace, Service

ENDLESS = "/endless"


class Handler(BaseHTTPRequestHandler):
    """`/<status>` answers with it; `/endless` says that a body comes, and sends none."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == ENDLESS else int(self.path.strip("/")))
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "1000000" if self.path == ENDLESS else "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of a server with every status."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ask(url: str, statuses: frozenset[int] = frozenset(), timeout_s: float = 5.0) -> Failure | None:
    async def run() -> Failure | None:
        async with make_client() as client:
            return await HttpChecker(client)(Service("chat", url, Pace(timeout_s=timeout_s), statuses))

    return asyncio.run(run())


@pytest.mark.parametrize(("status", "is_well"), [(200, True), (204, True), (302, False), (404, False), (503, False)])
def test_an_answer_counts_by_its_status(address: str, status: int, is_well: bool) -> None:
    """200 to 299; a redirect is not followed."""
    found = ask(f"{address}/{status}")
    assert found == (None if is_well else Failure("status", f"it answers {status}"))


def test_a_service_may_say_what_counts_for_it(address: str) -> None:
    """401 is well where a key is asked for; 200 then is not."""
    assert ask(f"{address}/401", frozenset({401})) is None
    assert ask(f"{address}/200", frozenset({401})) == Failure("status", "it answers 200")


def test_a_body_is_not_waited_for(address: str) -> None:
    """However large it says that it is."""
    assert ask(f"{address}{ENDLESS}") is None


def test_nobody_there_is_a_failed_connection() -> None:
    """A port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = ask(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert found is not None
    assert found.reason == "connection"


def test_silence_is_a_timeout() -> None:
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = ask(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.05)
    assert found == Failure("timeout", "no answer within 0.05 s")


def test_what_is_no_http_is_a_failed_connection_and_no_crash() -> None:
    """Noise on the line."""

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"\x00\x01noise\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as noisy:
        thread = threading.Thread(target=answer, args=[noisy])
        thread.start()
        found = ask(f"http://127.0.0.1:{noisy.getsockname()[1]}/")
        thread.join()
    assert found == Failure("connection", "RemoteProtocolError")
