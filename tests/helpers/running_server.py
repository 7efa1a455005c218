"""A real server process: `python -m serve` on free ports, with its own models directory and models.json."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import httpx

from tests.helpers.llama import llama_path

IMAGE = Path(__file__).parents[2] / "image"
PORT_TAKEN = "Address already in use"
MOST_STARTS = 5
PATIENCE_S = 60.0


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def model_entry(**changes: Any) -> dict[str, Any]:
    """An entry of models.json for the tiny model."""
    return {"id": "tiny", "file": "tiny.gguf", "num_slots": 4, "context_tokens": 4096, **changes}


class RunningServer:
    """Use as a context manager; leaves no process behind. Without `models` it serves what is in the folder."""

    command: ClassVar[tuple[str, ...]] = ()
    """After `python -m serve`."""

    def __init__(
        self,
        folder: Path,
        models: list[dict[str, Any]] | None,
        *,
        hub: str = "http://127.0.0.1:1",
        environ: Mapping[str, str] | None = None,
        **settings: object,
    ) -> None:
        self.folder = folder
        configured = {} if models is None else {"SLIPWAY_MODELS_FILE": str(folder / "models.json")}
        if models is not None:
            (folder / "models.json").write_text(json.dumps({"models": models}))
        self._environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{IMAGE}:{llama_path()}",
            "SLIPWAY_HOST": "127.0.0.1",
            "HF_ENDPOINT": hub,
            "SLIPWAY_LAME_DUCK_S": "0",  # nobody balances here
            "SLIPWAY_MODELS_DIR": str(folder),
            **configured,
            **{f"SLIPWAY_{name.upper()}": str(value) for name, value in settings.items()},
            **(environ or {}),
        }
        self._log_path = folder / "log.jsonl"
        self._take_ports()

    def __enter__(self) -> Self:
        for _ in range(MOST_STARTS):
            self._start()
            try:
                self.wait_for("/health/live", 200)
            except AssertionError:
                # Between the choice of a port and its use somebody's connection may have got it.
                if self.process.poll() is None or PORT_TAKEN not in self.log:
                    self.__exit__()
                    raise
                self._take_ports()
            else:
                return self
        raise AssertionError(f"no port was free {MOST_STARTS} times: {self.log}")

    def _take_ports(self) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def _start(self) -> None:
        ports = {"SLIPWAY_PORT": str(self.port), "SLIPWAY_METRICS_PORT": str(self.metrics_port)}
        with self._log_path.open("wb") as log:
            # From a folder of its own, so that nothing is imported by the accident of where the test runs.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "serve", *self.command], env=ports | self._environ, cwd=self.folder, stderr=log
            )

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def log(self) -> str:
        """All that it said so far."""
        return self._log_path.read_text()

    def get(self, path: str) -> httpx.Response:
        """One GET. Reading all of the machine's certificates each time would take longer than most answers."""
        return httpx.get(self.url + path, timeout=5, verify=False)

    def wait_for(self, path: str, status: int, timeout_s: float = PATIENCE_S) -> httpx.Response:
        """Until a path answers with this status."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended: {self.log}"
            try:
                response = self.get(path)
            except httpx.TransportError:
                pass
            else:
                if response.status_code == status:
                    return response
            time.sleep(0.05)
        raise AssertionError(f"{path} did not answer {status} in {timeout_s} s: {self.log}")

    def worker_pids(self) -> list[int]:
        """The processes that hold models."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]
