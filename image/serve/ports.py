"""What a keeper is given (processes, disk, options) and what it gives (its status). Shapes only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serve.engine.types import ModelInfo, Stats
from serve.lifecycle import State
from serve.messages import Message


class Worker(Protocol):
    """A worker process, as seen from here. process.py has the real ones."""

    def send(self, message: Message) -> None:
        """Never blocks, never fails: a dead worker is noticed by its end."""

    def kill(self) -> None:
        """At once."""


class Launcher(Protocol):
    """Starts workers."""

    async def launch(self, name: str, on_message: Callable[[Message], None], on_end: Callable[[str], None]) -> Worker:
        """Start one. `on_end` is called once, with how it ended in words."""


class Disk(Protocol):
    """What the supervisor wants to know of the models directory."""

    async def written_at(self, file: str) -> int | None:
        """When the whole file was written, in seconds since 1970; None without one. OSError: it can't be looked at."""

    async def is_pulling(self, file: str) -> bool:
        """Is somebody writing it?"""


@dataclass(frozen=True, slots=True)
class Options:
    """How workers load and when they count as hung."""

    models_dir: Path
    num_threads: int
    step_tokens: int
    max_waiting: int
    start_s: float
    silence_s: float
    stuck_s: float
    mixed_tokens: int | None = None
    state_dir: Path | None = None
    state_max_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """One model right now, as a value."""

    model: str
    state: State
    reason: str
    num_requests: int
    num_restarts: int
    load_share: float
    first_load_ended: bool
    stats: Stats
    info: ModelInfo | None  # None before it was loaded
    written_at: int  # the weights file; 0 before it was seen
