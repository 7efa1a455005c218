"""What the supervisor and its keepers are given (processes, disk, pulls, options) and what they give. Shapes only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from serve.engine.types import ModelInfo, Stats
from serve.messages import Message
from serve.models import SourceEntry
from serve.supervision.lifecycle import State


@dataclass(frozen=True, slots=True)
class Taken:
    """Of the machine's memory: all that a process would give back, 0 where that can't be known; of it, no file's."""

    num_bytes: int = 0
    anonymous_bytes: int = 0


class Worker(Protocol):
    """A worker process, as seen from here. process.py has the real ones."""

    def send(self, message: Message) -> None:
        """Never blocks, never fails: a dead worker is noticed by its end."""

    def kill(self) -> None:
        """At once."""

    async def taken(self) -> Taken:
        """What it takes of the machine's memory now."""


class Launcher(Protocol):
    """Starts workers."""

    async def launch(self, name: str, on_message: Callable[[Message], None], on_end: Callable[[str], None]) -> Worker:
        """Start one. `on_end` is called once, with how it ended in words."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Weights that are there: when they were written, in seconds since 1970, and how large all parts are together."""

    written_at: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """A model in the models directory. `file` is the first of `files`, which are more than one where it is split."""

    file: str
    files: tuple[str, ...]
    written_at: int
    size_bytes: int
    print: tuple[tuple[int, int], ...]  # size and time of each file: as long as that moves, somebody writes


class Disk(Protocol):
    """What the supervisor wants to know of the models directory."""

    async def seen(self, file: str) -> Seen | None:
        """The whole file, with all its parts; None without one. OSError: it can't be looked at."""

    async def is_pulling(self, file: str) -> bool:
        """Is somebody writing it?"""

    async def scan(self) -> list[Found]:
        """All models, by their names. OSError: the directory can't be looked at."""

    async def delete(self, file: str) -> None:
        """The file with all its parts. OSError: it can't be."""


class Puller(Protocol):
    """Brings weights that are not there."""

    async def pull(self, source: SourceEntry, file: str) -> None:
        """Returns when the file is in the models directory; RequestError says why it is not. Whoever asks for the same
        file meanwhile waits for the same pull; it goes on when nobody waits any more.
        """


Absent = Literal["wait", "accept", "refuse"]


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
    idle_unload_s: float = 600.0  # of models that are loaded on demand; 0: never
    load_wait_s: float = 300.0  # how long a request waits for its model
    drain_s: float = 25.0  # how long requests of a model may go on that is to be unloaded
    absent: Absent = "wait"  # what the first request for weights gets that are not here but could be pulled
    memory_bytes: int | None = None  # all workers together; None: as much as they like
    memory_is_guess: bool = False  # nobody set it
    gpu_bytes: int | None = None  # free on all GPUs together at the start; None: there is none that is used
    discovers: bool = False  # serve what is in the models directory, too
    discovered_slots: int = 4
    discovered_context_tokens: int = 4096


@dataclass(frozen=True, slots=True)
class Status:
    """One model right now, as a value. Times are in seconds since 1970."""

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
    size_bytes: int = 0  # of the weights; 0 before they were seen
    memory_bytes: int = 0  # what its worker takes; 0 without one, or before it was measured
    is_pinned: bool = False
    unload_at: float | None = None  # when it is unloaded unless a request comes
    last_used_at: float | None = None
