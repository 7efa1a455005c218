"""The children of the language host: programs, policy packs, pip. No child outlives the call that started it.

Each child leads a session of its own, for two reasons: the terminal's Ctrl-C must not reach it (the engine decides),
and one signal then ends it with all that it started. It is SIGTERM and not SIGINT: Python answers SIGINT with a
traceback, which the user would see as an error of the program.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Generator
from enum import Enum, auto
from typing import IO

from tools.plugins.language_host.commands import Command
from tools.plugins.language_host.errors import CommandError

GRACE_S = 3.0
READ_BYTES = 65536


class Stream(Enum):
    """Which of its two outputs a child has written to."""

    STDOUT = auto()
    STDERR = auto()


Chunk = tuple[Stream, bytes]
OnEnd = Callable[[Callable[[], None]], bool]
"""Registers what to do when the call ends; False when it has ended already (`ServicerContext.add_callback`)."""


class Children:
    """All children that run now."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def run(self, command: Command, on_end: OnEnd) -> int:
        """Run to the end with our own standard output and error; the exit status, negative for a signal."""
        proc = self._start(command, None, None)
        self._stop_with(proc, on_end)
        try:
            return proc.wait()
        finally:
            self._forget(proc)

    def capture(self, command: Command) -> str:
        """Run a short helper; its standard output."""
        proc = self._start(command, subprocess.PIPE, subprocess.PIPE)
        try:
            out, err = proc.communicate()
        finally:
            self._forget(proc)
        if proc.returncode:
            raise CommandError(command.argv, proc.returncode, err.decode(errors="replace"))
        return out.decode(errors="replace")

    def stream(self, command: Command, on_end: OnEnd) -> Generator[Chunk, None, int]:
        """Run to the end, and yield what it writes as it comes; returns the exit status."""
        proc = self._start(command, subprocess.PIPE, subprocess.PIPE)
        self._stop_with(proc, on_end)
        chunks: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
        assert proc.stdout is not None
        assert proc.stderr is not None
        for kind, pipe in ((Stream.STDOUT, proc.stdout), (Stream.STDERR, proc.stderr)):
            threading.Thread(target=_pump, args=(kind, pipe, chunks), daemon=True).start()
        num_open = 2
        try:
            while num_open:
                chunk = chunks.get()
                if chunk is None:
                    num_open -= 1
                else:
                    yield chunk
            return proc.wait()
        finally:
            self._stop(proc)  # when the reader leaves early
            self._forget(proc)

    def stop(self) -> None:
        """End all children, and all that they have started."""
        with self._lock:
            running = list(self._running)
        for proc in running:
            self._stop(proc)

    def _start(self, command: Command, stdout: int | None, stderr: int | None) -> subprocess.Popen[bytes]:
        proc = subprocess.Popen(
            command.argv,
            env=command.env,
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        with self._lock:
            self._running.add(proc)
        return proc

    def _stop_with(self, proc: subprocess.Popen[bytes], on_end: OnEnd) -> None:
        if not on_end(lambda: self._stop(proc)):
            self._stop(proc)

    def _stop(self, proc: subprocess.Popen[bytes]) -> None:
        if proc.poll() is not None:
            return
        _signal_session(proc, signal.SIGTERM)
        try:
            proc.wait(self._grace_s)
        except subprocess.TimeoutExpired:
            _signal_session(proc, signal.SIGKILL)

    def _forget(self, proc: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running.discard(proc)


def _pump(kind: Stream, pipe: IO[bytes], chunks: queue.SimpleQueue[Chunk | None]) -> None:
    with pipe:
        while data := os.read(pipe.fileno(), READ_BYTES):
            chunks.put((kind, data))
    chunks.put(None)


def _signal_session(proc: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    try:
        os.killpg(proc.pid, signum)
    except ProcessLookupError:
        return
