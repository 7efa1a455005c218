"""What every measurement is given: the server's code, llama.cpp as the image has it, models, how often, and servers."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.engine import hardware, models, servers
from bench.engine.client import HOST
from bench.engine.servers import Program, Server, Setup
from tools.progress import Progress

QUIET_LIMIT_S = 5.0
LIVE = "/health/live"


@dataclass(frozen=True, slots=True)
class Lab:
    """Immutable; made once by the command line."""

    image: Path
    """The folder with the server: this checkout's, or another one's to compare with."""
    llama: Path
    cache_dir: Path
    progress: Progress
    num_rounds: int
    is_quick: bool
    num_threads: int
    image_ref: str = ""
    """An image in a registry, for what is measured in containers."""

    def model(self, name: str) -> Path:
        """The file of a model."""
        return models.ensure(self.cache_dir, name, self.progress)

    def say(self, text: str) -> None:
        """Where we are, for who waits. The table and the JSON go to stdout, this does not."""
        sys.stderr.write(f"... {text}\n")

    def rounds(self, what: str) -> Iterator[int]:
        """Each on a machine as quiet as it gets."""
        for number in range(self.num_rounds):
            self.say(f"{what}: round {number + 1} of {self.num_rounds}")
            hardware.wait_until_quiet(QUIET_LIMIT_S)
            yield number

    @contextmanager
    def serving(self, setup: Setup, **settings: object) -> Iterator[Server]:
        """With one model, loaded."""
        port = servers.free_port()
        program = servers.ours(setup, port, self.image, self.llama, **settings)
        with servers.running(program, port) as server:
            yield server

    @contextmanager
    def without_model(self, **settings: object) -> Iterator[Server]:
        """With an empty models directory and no models file, from its first answer on."""
        port = servers.free_port()
        with servers.running(bare(port, self.image, self.llama, **settings), port) as server:
            yield server


def bare(port: int, image: Path, llama: Path, **settings: object) -> Program:
    """`python -m serve` that finds no model: its folder holds nothing."""
    asked = {"host": HOST, "port": port, "metrics_port": servers.free_port(), "models_dir": "."}
    asked |= {"discover": True, "log_level": "warning"}
    environ = {f"SLIPWAY_{name.upper()}": str(value) for name, value in (asked | settings).items()}
    environ |= {"PYTHONPATH": f"{image}:{llama}"}
    return Program("ours", (sys.executable, "-m", "serve"), environ, LIVE, {})


def get(port: int, path: str, timeout_s: float = 10.0) -> tuple[int, bytes]:
    """On a connection of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
