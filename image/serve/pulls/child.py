"""A pull's child process as the server sees it: its lines, and how to end it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from serve.errors import RequestError
from serve.pulls import lines, part
from serve.pulls.lines import Report
from serve.pulls.types import PullOrder

END_S = 5.0  # to remove what it has written; then it is killed
# What it may know of our environment: where the hub is and who asks, and how to get there. No keys of the server.
_INHERITED = (
    *("PATH", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "LANG", "TZ", "HOME", "TMPDIR"),
    *("HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "HF_HUB_OFFLINE", "HF_HUB_ETAG_TIMEOUT"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "SLIPWAY_LOG_LEVEL"),
    *(name for word in ("http", "https", "all", "no") for name in (f"{word}_proxy", f"{word}_proxy".upper())),
)


class Child(Protocol):
    """One that runs."""

    def reports(self) -> AsyncGenerator[Report, None]:
        """What it tells, until it ends."""

    async def end(self, *, discards: bool) -> str:
        """End it, unless it has. Returns how it ended, in words. `discards`: what it has written goes."""


class Launcher(Protocol):
    """Starts children."""

    async def launch(self, order: PullOrder) -> Child:
        """Start one."""

    async def discard(self, files: Sequence[str]) -> None:
        """Remove what earlier ones have left of these files, unless somebody goes on with it right now."""


class ProcessLauncher:
    """Starts `python -m serve pull`."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = {name: environ[name] for name in _INHERITED if name in environ}

    async def launch(self, order: PullOrder) -> ProcessChild:
        """Start one. Names begin with no dash: see names.py."""
        arguments = [f"--repo={order.repo}", f"--revision={order.revision}", f"--file={order.file}"]
        arguments += [f"--sha256={order.sha256}"] if order.sha256 else []
        arguments += [f"--as={order.stored}"] if order.stored else []
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "serve", "pull", "--progress", f"--to={self._folder}", *arguments),
            env=self._environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=lines.MAX_BYTES,
            start_new_session=True,  # Ctrl-C is for the HTTP process, which ends its children itself
        )
        return ProcessChild(process)

    async def discard(self, files: Sequence[str]) -> None:
        """In a thread: the directory may be on a network."""
        await asyncio.to_thread(part.discard, [self._folder / file for file in files])


class ProcessChild:
    """One child process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def reports(self) -> AsyncGenerator[Report, None]:
        """Whoever breaks the protocol is not to be trusted any more."""
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
                yield lines.decode(line)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._process.wait()  # it closed its end: it is about to go
        except ValueError as error:  # also a line that is too long
            self._signal(signal.SIGKILL)
            raise RequestError("the process that pulls does not speak as it should") from error

    async def end(self, *, discards: bool) -> str:
        """SIGTERM ends it where it is; on SIGINT it cleans up first."""
        self._signal(signal.SIGINT if discards else signal.SIGTERM)
        try:
            async with asyncio.timeout(END_S):
                code = await self._process.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            code = await self._process.wait()
        return f"ended with code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"

    def _signal(self, number: signal.Signals) -> None:
        """By the kernel: asyncio's own way first asks how the process is, and so loses how it ended, if it just has."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)
