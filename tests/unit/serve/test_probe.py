"""Tests of serve.probe against a real socket."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from serve import probe


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """A port at which one request gets this answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve_one() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = Thread(target=serve_one)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("host", ["", "0.0.0.0", "127.0.0.1"])
def test_a_server_that_says_200_lives(host: str) -> None:
    """Wherever it listens, it is asked from inside."""
    with answering(b"HTTP/1.1 200 OK\r\n\r\n{}") as port:
        assert probe.main({"SLIPWAY_HOST": host, "SLIPWAY_PORT": str(port)}) == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "503"), (b"", "no answer"), (b"x\n", "no answer")],
)
def test_any_other_answer_is_none(answer: bytes, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what came."""
    with answering(answer) as port:
        assert probe.main({"SLIPWAY_PORT": str(port)}) == 1
    assert capsys.readouterr().err == f"/health/live at port {port}: {said}\n"


@pytest.mark.parametrize("port", ["", "x", "1"])
def test_a_port_at_which_nobody_listens_is_told(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor does a wrong one end in a trace of calls."""
    assert probe.main({"SLIPWAY_PORT": port}) == 1
    assert capsys.readouterr().err.startswith(f"/health/live at port {port}: ")


def test_it_imports_no_library() -> None:
    """It is started every few seconds."""
    line = "import sys, serve.probe; sys.exit(bool({'asyncio', 'http', 'json', 'ssl', 'pydantic'} & set(sys.modules)))"
    image = Path(__file__).parent.parent.parent.parent / "image"
    assert subprocess.run([sys.executable, "-c", line], cwd=image, check=False).returncode == 0
