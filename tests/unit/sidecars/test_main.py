"""Tests of health_monitor.__main__: the program as a container runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

FOLDER = Path(__file__).parents[3] / "image" / "sidecars"
PATIENCE_S = 20.0


class World(BaseHTTPRequestHandler):
    """Both a service, well or not as `is_well` says, and a webhook, whose messages are in `told`."""

    is_well = True
    told: list[dict[str, Any]] = []  # noqa: RUF012  (of the class on purpose: an instance lives for one request)

    def do_GET(self) -> None:
        self._answer(200 if World.is_well else 500)

    def do_POST(self) -> None:
        World.told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


@pytest.fixture
def world() -> Iterator[str]:
    """Its address."""
    World.is_well, World.told = True, []
    with ThreadingHTTPServer(("127.0.0.1", 0), World) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def environment(**variables: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MONITOR_", "SERVICES"))}
    return {**own, "PYTHONPATH": str(FOLDER), **variables}


@contextmanager
def running(**variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program and its address, which its first line tells."""
    with subprocess.Popen(
        [sys.executable, "-m", "health_monitor"], env=environment(**variables), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            first = json.loads(process.stderr.readline())
            yield process, f"http://127.0.0.1:{first['port']}"
        finally:
            process.kill()


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def state(address: str) -> str:
    return str(httpx.get(f"{address}/status").json()["services"]["chat"]["state"])


def test_it_tells_a_webhook_that_a_service_is_down_and_up_again_and_ends_when_told(world: str, tmp_path: Path) -> None:
    """The whole program: checks, states, pages, messages, its log in JSON, and no secret in it."""
    secret = tmp_path / "url"
    secret.write_text(f"{world}/very-secret")
    fast = {"MONITOR_INTERVAL_S": "0.3", "MONITOR_TIMEOUT_S": "0.3", "MONITOR_DOWN_AFTER": "2"}
    own = {"MONITOR_HOST": "127.0.0.1", "MONITOR_PORT": "0", "MONITOR_WEBHOOK_URL_FILE": str(secret)}
    with running(SERVICES=f"chat={world}/health", **fast, **own) as (process, address):
        wait_for(lambda: state(address) == "up")
        World.is_well = False
        wait_for(lambda: state(address) == "down")
        World.is_well = True
        wait_for(lambda: [message["to"] for message in World.told][-2:] == ["down", "up"])
        assert httpx.get(f"{address}/health").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr is not None
        log = process.stderr.read()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["to"] for line in lines if line["message"] == "changed"][-2:] == ["down", "up"]
    assert lines[-1]["message"] == "ended"
    assert "very-secret" not in log


def test_it_ends_while_a_check_and_a_message_are_under_way() -> None:
    """Neither a service nor a webhook that says nothing keeps it from ending: both have far longer limits."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        slow = {"MONITOR_INTERVAL_S": "600", "MONITOR_TIMEOUT_S": "600", "MONITOR_JITTER": "0"}
        own = {"MONITOR_HOST": "127.0.0.1", "MONITOR_PORT": "0", "MONITOR_WEBHOOK_URL": url}
        with running(SERVICES=f"chat={url}", **slow, **own) as (process, _):
            connection, _ = silent.accept()  # the check is under way
            with connection:
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({}, "health_monitor: SERVICES: no service; allowed: name=url"),
        ({"SERVICES": "chat"}, "health_monitor: SERVICES: no '=' in part 1"),
        ({"SERVICES": "a=http://a/", "MONITOR_INTERVAL_S": "soon"}, "health_monitor: MONITOR_INTERVAL_S is 'soon'"),
        ({"SERVICES": "a=http://a/", "MONITOR_WEBHOOK_URL": "x"}, "health_monitor: MONITOR_WEBHOOK_URL is no address"),
        ({"SERVICES_FILE": "/nowhere"}, "health_monitor: SERVICES_FILE: /nowhere: No such file"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(variables: dict[str, str], line: str) -> None:
    """No traceback, and no monitor that watches half of it."""
    argv = [sys.executable, "-m", "health_monitor"]
    done = subprocess.run(argv, env=environment(**variables), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
