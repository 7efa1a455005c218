"""`slipway bench`: what is measured, by hand, and on a server that streams."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cost import throughput_file
from slipway import cli
from slipway.bench import BenchError, Run, Speeds, measure, speeds

OPTIONS = ("--model", "gemma-3-270m", "--hardware", "cpu-small", "--count", "2", "--quantisation", "Q4_K_M",
           "--context-tokens", "4096", "--slots", "3")  # fmt: skip


class Server(ThreadingHTTPServer):
    """Answers every chat with some tokens; remembers what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.tokens = 8
        self.has_usage = True
        self.counted = 1
        self.status = 200


class Handler(BaseHTTPRequestHandler):
    """One token at a time."""

    server: Server

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()
        for index in range(self.server.tokens):
            self._say({"choices": [{"delta": {"content": f"{index} "}}]})
        if self.server.has_usage:
            self._say(
                {
                    "choices": [],
                    "usage": {"prompt_tokens": 300, "completion_tokens": self.server.tokens * self.server.counted},
                }
            )
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """On a free port."""
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def run(server: Server, *arguments: str) -> Any:
    """The command against the server."""
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return CliRunner().invoke(cli.app, ["bench", url, *OPTIONS, *arguments], catch_exceptions=False)


def test_speeds_by_hand() -> None:
    """300 tokens in 1.5 s: 200 read; 100 in 10 s: 10; of three 60, 50 and 40 from 2 to 17: 150 / 15 = 10."""
    alone = Run(0, 1.5, 11.5, 300, 101)
    together = [Run(0, 2, 14, 300, 61), Run(0, 3, 17, 300, 51), Run(0, 2.5, 12, 300, 41)]
    assert speeds(alone, together) == Speeds(Fraction(200), Fraction(10), Fraction(10))


@pytest.mark.parametrize("run", [Run(0, 1, 2, 300, 1), Run(0, 1, 1, 300, 5), Run(1, 1, 2, 300, 5), Run(0, 1, 2, 0, 5)])
def test_what_can_not_be_told_is_refused(run: Run) -> None:
    """One token, or no time, is no speed."""
    with pytest.raises(BenchError):
        speeds(run, [Run(0, 1, 2, 300, 5)])


def test_one_is_measured_alone_and_all_together() -> None:
    """After a warm-up that does not count."""
    calls: list[int] = []

    def one() -> Run:
        calls.append(1)
        return Run(0, 1, 2, 300, 11)

    assert measure(one, 3).together == 30
    assert len(calls) == 1 + 1 + 3


def test_the_entry_is_what_the_cost_engine_reads(server: Server, tmp_path: Path) -> None:
    """In a file that keeps other entries, and each case once."""
    path = tmp_path / "measured.yaml"
    for extra in ((), (), ("--engine", "vLLM")):
        assert run(server, "--output", str(path), *extra).exit_code == 0
    first, second = throughput_file.load(path).entries
    assert (first.model, first.hardware, first.count, first.slots) == ("gemma-3-270m", "cpu-small", Fraction(2), 3)
    assert (first.engine, second.engine, first.origin) == ("llama.cpp", "vLLM", "measured")
    assert first.single_tokens_s > 0
    assert first.tokens_s is not None
    assert first.prompt_tokens_s is not None
    assert "127.0.0.1" in first.source


def test_no_two_prompts_are_alike(server: Server) -> None:
    """What was read before is not read again, and would look fast."""
    assert run(server).exit_code == 0
    prompts = [each["messages"][0]["content"] for each in server.asked]
    assert len(set(prompts)) == len(prompts) == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": 503}, "503"),
        ({"has_usage": False}, "does not count them"),
        ({"tokens": 0}, "streams no tokens"),
        ({"counted": 5}, "40 tokens came in 8 pieces"),
    ],
)
def test_a_server_that_does_not_play_along_is_told(server: Server, changed: dict[str, Any], said: str) -> None:
    """In one line; nothing is written."""
    for name, value in changed.items():
        setattr(server, name, value)
    result = run(server)
    assert (result.exit_code, result.stdout) == (64, "")
    assert said in result.stderr


def test_nobody_there_is_told() -> None:
    """Without a traceback."""
    result = CliRunner().invoke(cli.app, ["bench", "http://127.0.0.1:1/v1", *OPTIONS], catch_exceptions=False)
    assert result.exit_code == 64
    assert "error: " in result.stderr
