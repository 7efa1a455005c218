"""Real worker processes (a child and a socket) and the real models directory. The policy is keeper.py's."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from serve.ipc import Decoder, FrameError, encode
from serve.messages import Message
from serve.shelf import folder
from serve.supervision.ports import Found, Seen

# What a worker may know of our environment: no settings, no tokens, no GGML_BACKEND_PATH, which would load a library.
_INHERITED = (
    *("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG", "TZ", "LD_LIBRARY_PATH"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"),
    "SLIPWAY_CUBLAS",  # the forwarding library asks for it itself
)


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

    async def memory_bytes(self) -> int:
        """Its share of the memory; 0 where that can't be known."""
        return await asyncio.to_thread(_memory_bytes, self._process.pid)

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

    async def seen(self, file: str) -> Seen | None:
        """The whole file, or None. Files get their name only when they are whole."""
        return await asyncio.to_thread(folder.seen, self._path, file)

    async def is_pulling(self, file: str) -> bool:
        """Was its partial file written to a short time ago?"""
        return await asyncio.to_thread(folder.is_pulling, self._path, file)

    async def scan(self) -> list[Found]:
        """All models, by their names."""
        return await asyncio.to_thread(folder.scan, self._path)

    async def delete(self, file: str) -> None:
        """The file with all its parts."""
        await asyncio.to_thread(folder.delete, self._path, file)


def _memory_bytes(pid: int) -> int:
    """What it would give back: pages that processes share count for each with its part. That sum is not everywhere."""
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(key):
                    return int(line.split()[1]) * 1024
    return 0


def _how(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
