"""A small engine on a backend that remembers everything, requests for it, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from serve.engine.engine import Engine, Limits
from serve.engine.types import Delta, Event, Failed, FailureKind, Finished, Request, Sampling
from tests.helpers.fake_backend import FakeBackend, Kind

ROOM = 64
LIMITS = Limits(num_slots=3, sequence_tokens=ROOM, kv_tokens=3 * ROOM, step_tokens=8, max_waiting=50)


def make(kind: Kind = "full", limits: Limits = LIMITS, **backend: Any) -> tuple[Engine, FakeBackend]:
    """Six ids: three run, three are kept."""
    fake = FakeBackend(kind, **backend)
    return Engine(fake, limits), fake


def request(number: int, num_prompt: int = 5, max_tokens: int | None = 8, **changes: Any) -> Request:
    """A request with a seed of its own, so that its answer is its own; all prompts begin alike."""
    return replace(Request(number, tuple(range(num_prompt)), max_tokens, Sampling(seed=number)), **changes)


def run(engine: Engine, *, max_steps: int = 1000) -> list[Event]:
    """Step until nothing is left."""
    events: list[Event] = []
    for _ in range(max_steps):
        if engine.is_idle:
            return events
        events += engine.step()
    raise AssertionError("the engine never became idle")


def texts(events: list[Event]) -> dict[int, str]:
    """Everything each request said."""
    said: dict[int, str] = defaultdict(str)
    for event in events:
        if isinstance(event, Delta):
            said[event.id] += event.text
    return said


def ends(events: list[Event]) -> dict[int, list[Event]]:
    """The last words of each request."""
    found: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        if isinstance(event, Finished | Failed):
            found[event.id].append(event)
    return found


class Clock:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def one_slot(**limits: Any) -> tuple[Engine, FakeBackend, Clock]:
    """An engine in which everybody waits for the one before."""
    backend, clock = FakeBackend(), Clock()
    return Engine(backend, replace(LIMITS, num_slots=1, **limits), clock), backend, clock


def failures(events: list[Event]) -> list[tuple[int, FailureKind]]:
    """Who failed, and why."""
    return [(event.id, event.kind) for event in events if isinstance(event, Failed)]
