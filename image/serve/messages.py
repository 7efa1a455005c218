"""What the HTTP process and a worker say to each other. Values only; ipc.py turns them into bytes.

HTTP process -> worker: Load, Generate, Cancel, Ping, Stop
worker -> HTTP process: Progress, Loaded, NotLoaded, Events, Pong
"""

from __future__ import annotations

from dataclasses import dataclass, field

from serve.chat.types import ChatMessage
from serve.engine.types import Event, Sampling, Stats


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A checked request: exactly one of `text` and `messages` is set."""

    text: str | None = None
    messages: tuple[ChatMessage, ...] = ()
    max_tokens: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False


@dataclass(frozen=True, slots=True)
class AdapterPath:
    """A LoRA adapter on disk."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Load:
    """Load this model; the first message that a worker gets."""

    model: str
    path: str
    num_slots: int
    context_tokens: int
    step_tokens: int
    max_waiting: int
    num_threads: int
    chat_template: str | None
    mixed_tokens: int | None = None
    num_draft_tokens: int = 0
    adapters: tuple[AdapterPath, ...] = ()
    state_dir: str | None = None
    state_max_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Generate:
    """Start a generation under an id that the HTTP process chose."""

    id: int
    request: GenerateRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    """Nobody listens to this one any more."""

    id: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the process."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far loading is, 0 to 1."""

    share: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model serves."""

    size_bytes: int
    trained_context_tokens: int  # 0: the file does not say
    load_s: float


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """The model can't be served, and why; the last message of that worker."""

    message: str


@dataclass(frozen=True, slots=True)
class Events:
    """What one step brought, for all its sequences."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Pong:
    """I am. `stuck_s` is how long the current step or prompt has taken so far."""

    stuck_s: float
    stats: Stats


Message = Load | Generate | Cancel | Ping | Stop | Progress | Loaded | NotLoaded | Events | Pong
