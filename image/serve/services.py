"""What routes work with: made once, passed down, no globals."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serve.engine.types import Accepted, Delta, Event, Finished
from serve.errors import RequestError
from serve.messages import GenerateRequest
from serve.metrics import GenerationRecord, Metrics
from serve.settings import Settings
from serve.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of a running server."""

    settings: Settings
    supervisor: Supervisor
    metrics: Metrics

    @contextlib.asynccontextmanager
    async def generation(self, model: str, request: GenerateRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """The events of one generation, measured. Leaving the block early cancels it."""
        seen = Seen(self.supervisor.models.find(model).id)
        try:
            async with self.supervisor.generation(model, request) as events:
                yield seen.all(events)
        except RequestError as error:
            seen.outcome = error.label
            raise
        finally:
            self.metrics.generation(seen.record())


class Seen:
    """What is remembered of one generation for the metrics."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._started = time.monotonic()
        self._first: float | None = None
        self._num_prompt = self._num_generated = 0
        self.outcome = "cancelled"  # unless it comes to an end

    async def all(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        """The same events, looked at on their way."""
        try:
            async for event in events:
                self._look(event)
                yield event
        except RequestError as error:
            self.outcome = error.label
            raise

    def _look(self, event: Event) -> None:
        match event:
            case Accepted():
                self._num_prompt = event.num_prompt_tokens
            case Delta():
                self._num_generated += 1
                if self._first is None:
                    self._first = time.monotonic() - self._started
            case Finished():
                self.outcome, self._num_generated = event.reason.value, event.num_generated_tokens

    def record(self) -> GenerationRecord:
        """As a value."""
        return GenerationRecord(
            model=self._model,
            outcome=self.outcome,
            duration_s=time.monotonic() - self._started,
            first_token_s=self._first,
            num_prompt_tokens=self._num_prompt,
            num_generated_tokens=self._num_generated,
        )


def _services(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


TheServices = Annotated[Services, Depends(_services)]
