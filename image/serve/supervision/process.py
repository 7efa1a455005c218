"""Real worker processes (a child and a socket) and the real models directory. The policy is keeper.py's."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from serve.ipc import Decoder, FrameError, encode
from serve.messages import Message
from serve.shelf import folder
from serve.supervision.child import Child, inherited
from serve.supervision.ports import Found, Seen, Taken


class ProcessLauncher:
    """Starts `python -m serve.worker`; the first one may have been started already."""

    def __init__(self, environ: Mapping[str, str], ready: Child | None = None) -> None:
        self._environ = environ
        self._ready = ready

    async def launch(
        self, name: str, on_message: Callable[[Message], None], on_end: Callable[[str], None]
    ) -> ProcessWorker:
        """Start one; its callbacks run in this event loop."""
        child = self._take_ready() or Child(self._environ, name)
        worker = ProcessWorker(child.process, on_message)
        await asyncio.get_running_loop().create_connection(lambda: worker, sock=child.socket)
        worker.watch(on_end)
        return worker

    def dismiss(self) -> None:
        """One that was started for nobody is not needed."""
        ready, self._ready = self._ready, None
        if ready is not None:
            ready.dismiss()

    def _take_ready(self) -> Child | None:
        """One that was told the same, and is alive."""
        ready = self._ready
        if ready is None or ready.environ != inherited(self._environ) or ready.process.poll() is not None:
            self.dismiss()
            return None
        self._ready = None
        return ready


class ProcessWorker(asyncio.Protocol):
    """One child process and the socket to it."""

    def __init__(self, process: subprocess.Popen[bytes], on_message: Callable[[Message], None]) -> None:
        self._process = process
        self._on_message = on_message
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None

    def send(self, message: Message) -> None:
        """Never blocks, never fails: a dead worker is noticed by its end."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(message))

    def kill(self) -> None:
        """At once."""
        self._process.kill()

    async def taken(self) -> Taken:
        """Its share of the memory."""
        return await asyncio.to_thread(_taken, self._process.pid)

    def watch(self, on_end: Callable[[str], None]) -> None:
        """Tell once when and how the process ended."""
        loop = asyncio.get_running_loop()

        def end(code: int) -> None:
            if self._transport is not None:
                self._transport.close()
            on_end(_how(code))

        def wait() -> None:
            code = self._process.wait()
            with contextlib.suppress(RuntimeError):  # the loop has ended before it
                loop.call_soon_threadsafe(end, code)

        threading.Thread(target=wait, name=f"worker {self._process.pid}", daemon=True).start()

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


def _taken(pid: int) -> Taken:
    """Pages that processes share count for each with its part. That sum is not everywhere."""
    for name, all_, anonymous in (("smaps_rollup", "Pss", "Anonymous"), ("status", "VmRSS", "RssAnon")):
        with contextlib.suppress(OSError):
            lines = (line.split() for line in Path(f"/proc/{pid}/{name}").read_text().splitlines())
            found = {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if words[-1:] == ["kB"]}
            if all_ in found:
                return Taken(found[all_], found.get(anonymous, 0))
    return Taken()


def _how(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
