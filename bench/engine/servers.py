"""Server processes on free ports: ours and its peers, started alike, and what they take of the machine."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.engine.client import HOST

START_S = 120.0
STOP_S = 20.0
NICENESS = 5
"""Of all that computes: our own worker gives itself this, so each peer gets it, and noise hits both alike."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a model is served: the same for everyone."""

    model: Path
    num_slots: int
    slot_tokens: int
    num_threads: int


@dataclass(frozen=True, slots=True)
class Program:
    """A server that can be started."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    ready_path: str
    files: Mapping[str, str]
    """Files that it reads, by name: written into its working directory."""


@dataclass(slots=True)
class Server:
    """One that runs."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    started_s: float
    """By the monotonic clock, just before the process was made."""

    def processes(self) -> list[psutil.Process]:
        """It and its children."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def log_tail(self) -> str:
        """The last that it said."""
        return self.log.read_text(errors="replace")[-3000:]


class ServerDied(Exception):
    """A server ended or never became ready."""


def ours(setup: Setup, port: int, image: Path, llama: Path, **settings: object) -> Program:
    """`python -m serve` of a folder `image`, as the image starts it, with this interpreter."""
    entry = {"id": "bench", "file": setup.model.name, "num_slots": setup.num_slots, "context_tokens": setup.slot_tokens}
    asked = {"host": HOST, "port": port, "metrics_port": free_port(), "models_dir": setup.model.parent}
    asked |= {
        "models_file": "models.json",
        "num_threads": setup.num_threads,
        "max_waiting": 512,
        "log_level": "warning",
    }
    environ = {f"SLIPWAY_{name.upper()}": str(value) for name, value in (asked | settings).items()}
    environ |= {"PYTHONPATH": f"{image}:{llama}"}
    models = json.dumps({"models": [entry]})
    return Program("ours", (sys.executable, "-m", "serve"), environ, "/health/ready", {"models.json": models})


def llama_server(setup: Setup, port: int, binary: Path, *more: str) -> Program:
    """llama.cpp's own server with as many slots, each of the same size."""
    argv = [
        str(binary), "--model", str(setup.model), "--host", HOST, "--port", str(port),
        "--parallel", str(setup.num_slots), "--ctx-size", str(setup.num_slots * setup.slot_tokens),
        "--threads", str(setup.num_threads), "--threads-batch", str(setup.num_threads), *more,
    ]  # fmt: skip
    return Program(" ".join(("llama-server", *more)), ("nice", "-n", str(NICENESS), *argv), {}, "/health", {})


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(program: Program, port: int) -> Iterator[Server]:
    """Start it in a folder of its own, wait until it is ready, and end it whatever happens."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, text in program.files.items():
            (Path(folder) / name).write_text(text)
        environ = {"PATH": os.environ["PATH"], "HOME": folder, **program.environ}
        log = Path(folder) / "log"
        started_s = time.monotonic()
        with log.open("wb") as sink:
            process = subprocess.Popen(
                program.argv,
                env=environ,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # Ctrl-C is for us, who end them one by one
            )
        server = Server(program.name, port, process, log, started_s)
        try:
            _wait_until_ready(server, program.ready_path)
            yield server
        finally:
            _end(process)


def _wait_until_ready(server: Server, path: str) -> None:
    while time.monotonic() - server.started_s < START_S:
        if server.process.poll() is not None:
            raise ServerDied(f"{server.name} ended with {server.process.returncode}: {server.log_tail()}")
        connection = http.client.HTTPConnection(HOST, server.port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.005)
    raise ServerDied(f"{server.name} was not ready in {START_S:g} s: {server.log_tail()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Politely, but never leave one behind: an interruption while we wait ends it at once."""
    try:
        process.terminate()
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
