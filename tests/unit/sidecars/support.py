"""What tests of the health monitor share: a service, a clock that waits for nobody, answers in a row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx

from health_monitor.change import Change
from health_monitor.check import Failure
from health_monitor.services import Pace, Service

REFUSED = Failure("connection", "connection refused")


def service(name: str = "chat", url: str = "http://chat:8000/health", **pace: float) -> Service:
    """One with a pace that is easy to count with: every 10 s, down after 3, up after 2, no time to start."""
    return Service(name, url, Pace(**{"interval_s": 10.0, "start_s": 0.0, **pace}))  # type: ignore[arg-type]


@dataclass
class FakeClock:
    """Time passes when somebody sleeps. At `end_s` whoever sleeps is cancelled."""

    end_s: float = float("inf")
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now_s(self) -> float:
        return self.now

    def epoch_s(self) -> float:
        return 1_700_000_000.0 + self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)
        if self.now >= 1000.0 + self.end_s:
            raise asyncio.CancelledError


class Answers:
    """A checker with answers in a row; the last one stays."""

    def __init__(self, answers: Iterable[Failure | None]) -> None:
        self._answers = list(answers)
        self.num_asked = 0

    async def __call__(self, service: Service) -> Failure | None:
        self.num_asked += 1
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@dataclass
class Receiver:
    """Takes what a webhook sends, and answers with one status after the other; the last one stays."""

    statuses: list[int]
    requests: list[httpx.Request] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status == 0:
            raise httpx.ConnectError(f"no way to {request.url}")
        return httpx.Response(status)

    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(request.content) for request in self.requests]


def collect() -> tuple[list[Change], Callable[[Change], None]]:
    """A list, and what fills it."""
    told: list[Change] = []
    return told, told.append
