"""Tests of serve.cli.command: what the shell gets, at a small server of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from serve.cli import models
from serve.cli.command import run
from serve.errors import SetupError


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        """An answer of somebody else."""
        body = json.dumps({"hello": "world"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def url() -> Iterator[str]:
    """A server that is no Slipway."""
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_server_that_is_none_of_ours_is_one_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """And 2."""
    assert run(["models"], {"SLIPWAY_URL": url}) == 2
    assert capsys.readouterr().err == f"serve: {url} does not answer as Slipway does: 'models' is missing\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (SetupError("no"), 2, "serve: no\n"),
        (KeyboardInterrupt(), 130, ""),
        (None, 0, ""),
    ],
)
def test_exit_codes(
    error: BaseException | None,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 done, 2 one line, 130 as shells say of Ctrl-C; never a trace."""

    def command(*_: object) -> int:
        if error is not None:
            raise error
        return 0

    monkeypatch.setattr(models, "run", command)
    assert run(["models"], {}) == code
    assert capsys.readouterr().err == words
