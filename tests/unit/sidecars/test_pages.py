"""Tests of health_monitor.pages: what they say, and that they are served."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from health_monitor import pages
from health_monitor.board import Board, Entry
from health_monitor.errors import SetupError
from health_monitor.metrics import Metrics
from health_monitor.state import State
from tests.unit.sidecars.support import REFUSED, service

ENTRY = Entry(service(url="http://u:p@chat/health?k=v"), State.DOWN, 100.0, 1_700_000_000.0, 1_700_000_010.0, REFUSED)


@pytest.fixture
def board() -> Board:
    """A service that is down."""
    board = Board()
    board.put(ENTRY)
    return board


@pytest.fixture
def client(board: Board) -> Iterator[httpx.Client]:
    """Of a server at the moment 99."""
    server = pages.start("127.0.0.1", 0, pages.make_pages(board, Metrics((ENTRY.service,)), lambda: 99.0))
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
        yield client
    server.shutdown()
    server.server_close()


def test_the_monitor_is_well_while_it_asks_whatever_it_finds(client: httpx.Client, board: Board) -> None:
    """Were it not, it would be restarted for what it watches."""
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_monitor_that_is_late_says_for_whom(board: Board) -> None:
    """503, so that a probe restarts it."""
    status, _, body = pages.make_pages(board, Metrics(()), lambda: 101.0)["/health"]()
    assert (status, json.loads(body)) == (503, {"status": "late", "late": ["chat"]})


def test_status_tells_of_each_service(client: httpx.Client) -> None:
    """Its state, since when, and why; nothing secret of its address."""
    assert client.get("/status?x=1").json() == {
        "services": {
            "chat": {
                "state": "down",
                "since": "2023-11-14T22:13:20.000+00:00",
                "url": "http://chat/health",
                "checked": "2023-11-14T22:13:30.000+00:00",
                "failure": "connection refused",
            }
        }
    }


def test_metrics_have_all_series_from_the_start(client: httpx.Client) -> None:
    """In Prometheus's own type; a rate needs a first value."""
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'health_monitor_service_state{service="chat",state="unknown"} 1.0' in answer.text
    assert 'health_monitor_check_failures_total{reason="timeout",service="chat"} 0.0' in answer.text
    assert 'health_monitor_webhooks_total{result="failed"} 0.0' in answer.text


def test_other_paths_and_methods_are_refused(client: httpx.Client) -> None:
    """404 names what there is."""
    assert client.get("/").status_code == 404
    assert client.get("/").json()["paths"] == ["/health", "/metrics", "/status"]
    assert client.post("/health").status_code == 501
    assert client.head("/health").text == ""


def test_a_port_that_is_taken_is_a_clear_error(board: Board) -> None:
    """With the variable's name."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"MONITOR_PORT is {port}: Address already in use"):
            pages.start("127.0.0.1", port, {})
