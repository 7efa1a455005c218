"""Programs that serve on ports of the system's choice for as long as a block lasts. Knows no program."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx

START_TIMEOUT_S = 180
"""Only a guard against hanging: programs may be read from a disk that others read, too."""
TAKEN = "address already in use"

T = TypeVar("T")


class PortTaken(AssertionError):
    """A port that was free a moment ago is not any more."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def on_free_ports(stack: contextlib.ExitStack, start: Callable[[contextlib.ExitStack], T]) -> T:
    """What `start` gives, and enters; again where another process has taken one of its free ports meanwhile."""
    for is_last in (False, False, True):
        with contextlib.ExitStack() as started:
            try:
                found = start(started)
            except PortTaken:
                if is_last:
                    raise
                continue
            stack.push(started.pop_all())
            return found
    raise AssertionError("the last attempt ends by returning or raising")


@contextlib.contextmanager
def process(folder: Path, name: str, argv: list[str]) -> Iterator[None]:
    """Run a program until the end of the block; what it says goes to a file of its name."""
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=subprocess.STDOUT, env={"PATH": os.defpath})
        try:
            yield
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def wait(is_done: Callable[[], bool], log: Path) -> None:
    """Until it is done; the end of the log is the reason where it never is."""
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if is_done():
                return
        said = log.read_text(errors="replace")[-2000:]
        if TAKEN in said:
            raise PortTaken(said)
        time.sleep(0.2)
    raise AssertionError(f"not ready after {START_TIMEOUT_S} s:\n{log.read_text(errors='replace')[-2000:]}")
