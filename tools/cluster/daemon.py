"""Start, find and stop the processes of the cluster, and nothing else's.

A process is known by its pid *and* its start, written when it was started: a pid that was given to another program
meanwhile is never taken for ours. The start counts in clock ticks since boot, so setting the clock changes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tools.cluster.layout import Layout
from tools.command import tail_of
from tools.errors import ProcessDied

READY_TIMEOUT_S = 300.0
"""Long, for a machine that is busy: one that ends before it is ready is seen at once."""
STOP_TIMEOUT_S = 5.0
KILLED_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Daemon:
    """One process of the cluster and how to see that it serves."""

    name: str
    argv: tuple[str, ...]
    is_ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


class Daemons:
    """The processes of one cluster."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        """Those that this very process started: they must be waited for, or they stay as zombies."""

    def start(self, daemon: Daemon) -> bool:
        """Start it unless it runs, and wait until it serves; returns whether it was started."""
        started = not self.is_running(daemon.name)
        if started:
            self._spawn(daemon)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not daemon.is_ready():
            if not self.is_running(daemon.name):
                raise self._died(daemon.name, "ended before it was ready")
            if time.monotonic() > deadline:
                raise self._died(daemon.name, f"was not ready within {READY_TIMEOUT_S:.0f} s")
            time.sleep(0.1)
        return started

    def is_running(self, name: str) -> bool:
        """Whether the process that we started under this name lives."""
        return self._find(name) is not None

    def names(self) -> list[str]:
        """All that were started and not stopped."""
        return sorted(p.stem for p in self._layout.run.glob("*.pid"))

    def stop(self, names: list[str]) -> None:
        """End them together: first politely, then not."""
        found = [p for p in map(self._find, names) if p is not None]
        for proc in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                proc.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs(found, STOP_TIMEOUT_S)
        for proc in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                proc.kill()
        psutil.wait_procs(alive, KILLED_TIMEOUT_S)
        self._reap()
        for name in names:
            self._pid_file(name).unlink(missing_ok=True)

    def forget_dead(self, wanted: Collection[str]) -> None:
        """Drop the records of processes that ended and that nobody would start again."""
        for name in self.names():
            if name not in wanted and not self.is_running(name):
                self._pid_file(name).unlink()

    def log(self, name: str) -> Path:
        """Where its output goes."""
        return self._layout.logs / f"{name}.log"

    def _spawn(self, daemon: Daemon) -> None:
        self._layout.logs.mkdir(parents=True, exist_ok=True)
        self._layout.run.mkdir(parents=True, exist_ok=True)
        with self.log(daemon.name).open("ab") as log:
            child = subprocess.Popen(
                daemon.argv, env=dict(os.environ) | dict(daemon.env), cwd=daemon.cwd or self._layout.dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._children[daemon.name] = child
        # The program is there for people who look into the file.
        record = {"pid": child.pid, "started": _start_of(child.pid), "program": daemon.argv[0]}
        pid_file = self._pid_file(daemon.name)
        partial = pid_file.with_suffix(".partial")
        partial.write_text(json.dumps(record))
        partial.replace(pid_file)

    def _reap(self) -> None:
        self._children = {name: child for name, child in self._children.items() if child.poll() is None}

    def _find(self, name: str) -> psutil.Process | None:
        self._reap()
        try:
            record = json.loads(self._pid_file(name).read_text())
            proc = psutil.Process(record["pid"])
            ours = _start_of(proc.pid) == record["started"]
            alive = proc.status() != psutil.STATUS_ZOMBIE
        except (OSError, psutil.NoSuchProcess):
            return None
        return proc if ours and alive else None

    def _pid_file(self, name: str) -> Path:
        return self._layout.run / f"{name}.pid"

    def _died(self, name: str, what: str) -> ProcessDied:
        return ProcessDied(name, what, self.log(name), tail_of(self.log(name)))


def _start_of(pid: int) -> str:
    """When a process was started: the boot, and clock ticks since then (field 22 of `stat`)."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    # The program's name, in brackets, may hold anything; what follows it begins with field 3.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return f"{boot}/{fields[22 - 3]}"
