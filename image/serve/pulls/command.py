"""`python -m serve pull`: for Jobs and people in words and log lines, for the server in lines of JSON (--progress).

The server's child ends with the server: its standard input is a pipe that nobody writes to, and its end is the sign.
Ctrl-C, or SIGINT from the server, there means that nobody wants the file any more: nothing is left of it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from serve import weights
from serve.errors import RequestError, SetupError
from serve.progress import Progress
from serve.pulls import lines
from serve.pulls.fetch import Tell, fetch
from serve.pulls.hub import Hub
from serve.pulls.lines import Report
from serve.pulls.transfer import Transfer
from serve.pulls.types import PullOrder, PullState

TOLD_EVERY_S = 0.25
INTERRUPTED = 130
GONE = 1  # the server is
NICE = 5  # whoever computes answers comes first


def run(options: argparse.Namespace) -> str:
    """Of the parsed command line. Returns what was done, in words."""
    return pull(_order(options), options.target_dir)


def run_for_server(options: argparse.Namespace) -> int:
    """The same as a child of the server. Returns the exit code; the last line says how it ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the server's own parent has done to it
    os.nice(NICE)
    tell = _to_stdout()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        fetch(_order(options), options.target_dir, _transfer(), Paced(tell, time.monotonic), may_replace=False)
    except RequestError as error:
        tell(lines.failed(error))
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def pull(order: PullOrder, folder: Path, hub: Hub | None = None) -> str:
    """Into the folder, unless it is there and right; what else has its name gives way. SetupError in one line."""
    for name in (order.file.rpartition("/")[2], order.stored):
        if name is not None:
            weights.check_name(name)
    weights.check_folder(folder)
    log = _Log()
    try:
        fetch(order, folder, _transfer(hub), log, may_replace=True)
    except RequestError as error:
        raise SetupError(f"{order.repo}@{order.revision}/{order.file} can't be pulled: {error}") from error
    where = ", ".join(str(folder / name) for name in log.files)
    return f"{where} is pulled" if log.has_moved else f"{where} is there and right: nothing to do"


def _order(options: argparse.Namespace) -> PullOrder:
    return PullOrder(options.repo, options.file, options.revision, options.sha256, options.stored)


def _transfer(hub: Hub | None = None) -> Transfer:
    if hub is None:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # a request more, and nobody's business
        from serve.pulls.huggingface import HuggingFace  # its client takes long to import

        hub = HuggingFace()
    return Transfer(hub, time.sleep, random.random)


def _to_stdout() -> Tell:
    """Lines, and nothing else: what libraries print goes where errors go."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def tell(report: Report) -> None:
        try:
            out.write(lines.encode(report))
        except BrokenPipeError:
            os._exit(GONE)

    return tell


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(GONE)  # what is written so far is gone on from by the next pull


class Paced:
    """Each new state at once, what moves within one at most four times a second."""

    def __init__(self, tell: Tell, clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._last: tuple[PullState, str] | None = None
        self._told = 0.0

    def __call__(self, report: Report) -> None:
        """One more."""
        now, kind = self._clock(), (report.state, report.message)
        if kind == self._last and now - self._told < TOLD_EVERY_S:
            return
        self._last, self._told = kind, now
        self._tell(report)


class _Log:
    """As log lines, of what is downloaded only."""

    def __init__(self) -> None:
        self.files: tuple[str, ...] = ()
        self.has_moved = False
        self._progress: Progress | None = None

    def __call__(self, report: Report) -> None:
        self.files = report.files
        if report.state is not PullState.DOWNLOADING:
            return
        self.has_moved = True
        if self._progress is None:
            self._progress = Progress(f"pulling {report.files[0]}", report.total_bytes)
        self._progress(report.done_bytes)
