"""A program at a terminal, as a person sees it: a pseudo-terminal to type into and to read from."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

TIMEOUT_S = 30.0


class Terminal:
    """`shown` is all that the program has written, as the terminal got it."""

    def __init__(self, fd: int, process: subprocess.Popen[bytes]) -> None:
        self.shown = ""
        self.process = process
        self._fd = fd
        self._rest = b""

    def type(self, text: str) -> None:
        """Keys: \\r is Enter, \\x03 is Ctrl-C, \\x04 is Ctrl-D."""
        os.write(self._fd, text.encode())

    def until(self, words: str, *, times: int = 1) -> None:
        """Read until they have come so often."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.shown.count(words) < times:
            assert time.monotonic() < deadline, f"{words!r} did not come {times} times: {self.shown!r}"
            self._read(0.1)

    def end(self) -> int:
        """Read until the program ends; its exit code."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.shown!r}"
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def _read(self, wait_s: float) -> bool:
        if not select.select([self._fd], [], [], wait_s)[0]:
            return False
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:  # so Linux tells that nobody has the other end any more
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


@contextmanager
def terminal(argv: list[str], env: Mapping[str, str]) -> Iterator[Terminal]:
    """Its program ends with the block."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))  # without columns there are no bars
    process = subprocess.Popen(
        argv, env={"TERM": "dumb", **env}, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=_take_terminal,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def _take_terminal() -> None:
    """Make it the terminal of the new session: only then Ctrl-C is a signal. A shell's background ignores that one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
