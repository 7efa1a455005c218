"""Say what runs, how far it is and how long it takes: a live line on a terminal, plain lines elsewhere.

A step that has nothing to do prints nothing but its name and "already done", so that a second run reads as quickly
as it goes. What programs print is shown as it is: brackets in it are no markup.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

PLAIN_EVERY_S = 20.0
PLAIN_FIRST_S = 2.0
"""A step that is over sooner says one line only."""


class Step:
    """One running step; `update` tells how far it is."""

    def __init__(self, console: Console, what: str) -> None:
        self._console = console
        self._what = what
        self._started = time.monotonic()
        self._last_plain = self._started - PLAIN_EVERY_S + PLAIN_FIRST_S
        self._live: Status | None = None
        self.note = ""
        """Shown when the step ends, e.g. 'already done'."""
        if console.is_terminal:
            self._live = console.status(escape(what))
            self._live.start()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def update(self, how_far: str) -> None:
        """Show how far it is; elsewhere than on a terminal at most every 20 seconds."""
        text = f"{self._what}: {how_far} ({duration(self.elapsed_s)})"
        if self._live:
            self._live.update(escape(text))
        elif time.monotonic() - self._last_plain >= PLAIN_EVERY_S:
            self._last_plain = time.monotonic()
            self._console.print(f"... {text}", highlight=False, markup=False)

    def end(self, *, ok: bool) -> None:
        """Print the step's one lasting line."""
        if self._live:
            self._live.stop()
        mark = "[green]ok [/]" if ok else "[red]no [/]"
        note = f" - {self.note}" if self.note else ""
        self._console.print(f"{mark} {escape(self._what + note)} ({duration(self.elapsed_s)})", highlight=False)


class Progress:
    """Prints the steps of one command."""

    def __init__(self, *, quiet: bool = False, stderr: bool = False) -> None:
        self.console = Console(soft_wrap=True, quiet=quiet, stderr=stderr)

    @contextmanager
    def step(self, what: str) -> Iterator[Step]:
        """Show `what` while the block runs, and how it ended."""
        step = Step(self.console, what)
        try:
            yield step
        except BaseException:
            step.end(ok=False)
            raise
        step.end(ok=True)

    def say(self, text: str) -> None:
        """Print a plain line."""
        self.console.print(text, highlight=False, markup=False)


def duration(seconds: float) -> str:
    """Seconds as people say them: 0.4 s, 12 s, 3 min 20 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"
