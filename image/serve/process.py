"""Real worker processes (a child and a socket) and the real models directory. The policy is keeper.py's."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from serve.ipc import Decoder, FrameError, encode
from serve.messages import Message
from serve.weights import partial_path

# Nobody writes to a partial file for so long without having given up.
PULL_STALE_S = 60.0
# What a worker may know of our environment: no settings, no tokens, no GGML_BACKEND_PATH, which would load a library.
_INHERITED = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG", "TZ", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")


class ProcessLauncher:
    """Starts `python -m serve worker`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {name: environ[name] for name in _INHERITED if name in environ}
        # Threads that spin while they wait steal the time of those that compute, as soon as there is a CPU limit; such
        # that sleep at once halve the speed of a single stream. A short spin costs little of either.
        self._environ["GOMP_SPINCOUNT"] = "10000"

    async def launch(
        self, name: str, on_message: Callable[[Message], None], on_end: Callable[[str], None]
    ) -> ProcessWorker:
        """Start one; its callbacks run in this event loop."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "serve", "worker", str(theirs.fileno()), name),
                pass_fds=(theirs.fileno(),),
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the HTTP process, which ends its workers itself
            )
        worker = ProcessWorker(process, on_message)
        await asyncio.get_running_loop().create_connection(lambda: worker, sock=ours)
        worker.watch(on_end)
        return worker


class ProcessWorker(asyncio.Protocol):
    """One child process and the socket to it."""

    def __init__(self, process: asyncio.subprocess.Process, on_message: Callable[[Message], None]) -> None:
        self._process = process
        self._on_message = on_message
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._watcher: asyncio.Task[None] | None = None

    def send(self, message: Message) -> None:
        """Never blocks, never fails: a dead worker is noticed by its end."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(message))

    def kill(self) -> None:
        """At once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def watch(self, on_end: Callable[[str], None]) -> None:
        """Tell once when and how the process ended."""

        async def wait() -> None:
            code = await self._process.wait()
            if self._transport is not None:
                self._transport.close()
            on_end(_how(code))

        self._watcher = asyncio.create_task(wait())

    # ---- asyncio.Protocol ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are, but do not say so

    def data_received(self, data: bytes) -> None:
        """Bytes from the worker. One that breaks the protocol is not to be trusted any more."""
        try:
            for message in self._decoder.feed(data):
                self._on_message(message)
        except FrameError:
            self.kill()


class ModelsDir:
    """The models directory, looked at without stopping the event loop: it may be a network file system."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def written_at(self, file: str) -> int | None:
        """When the whole file was written, or None. Files get their name only when they are whole."""
        return await asyncio.to_thread(_written_at, self._path / file)

    async def is_pulling(self, file: str) -> bool:
        """Was its partial file written to a short time ago?"""
        return await asyncio.to_thread(_is_fresh, partial_path(self._path / file))


def _written_at(path: Path) -> int | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return int(found.st_mtime) if stat.S_ISREG(found.st_mode) else None


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < PULL_STALE_S
    except OSError:
        return False


def _how(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
