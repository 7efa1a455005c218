"""Put the stack `local` back on its feet after a `pulumi up` that was killed: a lock, and operations without an end.

Only what no living process holds is touched. Objects that were created, but not written down any more, are taken over
by the next `up`, which would fail on them otherwise: both Kubernetes providers know the variable that says so.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from tools.progress import Progress
from tools.pulumi import LOCAL, Pulumi

PROJECT = "slipway"
CLOCK_SLACK_S = 2.0
"""The kernel tells when a process began only to about a second."""


def after_interruption(cli: Pulumi, progress: Progress) -> Pulumi:
    """Repair the state if need be; returns the CLI to go on with."""
    folder = lock_folder(cli.env)
    if folder is not None and is_stale(folder):
        cli.run("cancel", "--stack", LOCAL, "--yes")
        progress.say("ok  an interrupted `pulumi up` had left its lock: removed")
    state = json.loads(cli.run("stack", "export", "--stack", LOCAL))
    if not state["deployment"].get("pending_operations"):
        return cli
    with progress.step("operations of an interrupted `pulumi up`") as step:
        cli.run("refresh", "--stack", LOCAL, "--yes", "--skip-preview", "--clear-pending-creates")
        step.note = "cleared; what it had created is taken over"
    return replace(cli, env=dict(cli.env) | {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"})


def lock_folder(environ: Mapping[str, str]) -> Path | None:
    """Where the CLI keeps the stack's locks; None for a backend that is not on this machine."""
    url = environ.get("PULUMI_BACKEND_URL", "")
    if not url.startswith("file://"):
        return None
    path = url.removeprefix("file://").split("?", 1)[0]
    return Path(path).expanduser() / ".pulumi" / "locks" / "organization" / PROJECT / LOCAL


def is_held(lock: Mapping[str, Any]) -> bool:
    """Whether the process that wrote the lock lives. After a reboot its number may be another program's."""
    if "pid" not in lock or "timestamp" not in lock:
        return True  # not a lock that can be judged
    try:
        process = psutil.Process(int(lock["pid"]))
        written_at_s = datetime.fromisoformat(lock["timestamp"]).timestamp()
        # One that was killed, and that nobody waits for, stays in the list: in a container without an init, say.
        lives = process.status() != psutil.STATUS_ZOMBIE
        return lives and process.name() == "pulumi" and process.create_time() <= written_at_s + CLOCK_SLACK_S
    except psutil.NoSuchProcess:
        return False


def is_stale(folder: Path, is_held: Callable[[Mapping[str, Any]], bool] = is_held) -> bool:
    """Whether there are locks, all of this machine and of processes that are gone."""
    locks = [json.loads(p.read_text()) for p in folder.glob("*.json")]
    return bool(locks) and all(lock.get("hostname") == socket.gethostname() and not is_held(lock) for lock in locks)
