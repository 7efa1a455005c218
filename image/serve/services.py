"""What routes work with: made once, passed down, no globals."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from serve.engine.types import Accepted, Delta, Embedded, Finished
from serve.errors import RequestError
from serve.history.history import History, open_history
from serve.messages import GenerateRequest
from serve.pulls.pulls import Pulls
from serve.settings import Settings
from serve.supervision.generation import Batch
from serve.supervision.requests import Told
from serve.supervision.supervisor import Supervisor
from serve.telemetry import records
from serve.telemetry.metrics import Metrics
from serve.telemetry.records import GenerationRecord


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of a running server."""

    settings: Settings
    supervisor: Supervisor
    metrics: Metrics
    history: History = field(default_factory=open_history)
    pulls: Pulls = field(kw_only=True)

    @contextlib.asynccontextmanager
    async def generation(self, model: str, requests: Sequence[GenerateRequest]) -> AsyncIterator[AsyncIterator[Batch]]:
        """What is told of one generation, measured. Leaving early cancels it. A model that sleeps wakes first."""
        seen = Seen(self.supervisor.models.find(model).id, len(requests))
        try:
            await self.supervisor.wake(model)
            with self.supervisor.generation(model, requests) as generation:
                yield seen.all(generation.batches())
        except RequestError as error:
            seen.outcome = error.label
            raise
        finally:
            record = seen.record()
            self.metrics.generation(record)
            records.note(record)


class Seen:
    """What is remembered of one generation for the metrics."""

    def __init__(self, model: str, num_requests: int) -> None:
        self._model = model
        self._num_left = num_requests
        self._started = time.monotonic()
        self._first: float | None = None
        self._queue_s: float | None = None
        self._num_prompt = self._num_generated = self._num_cached = 0
        self.outcome = "cancelled"  # unless it comes to an end

    async def all(self, batches: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
        """The same, looked at on its way."""
        try:
            async for batch in batches:
                for _, told in batch:
                    self._look(told)
                yield batch
        except RequestError as error:
            self.outcome = error.label
            raise

    def _look(self, told: Told) -> None:
        match told:
            case Delta():
                if self._first is None:
                    self._first = time.monotonic() - self._started
            case Accepted():
                self._num_prompt += told.num_prompt_tokens
            case Finished():
                self._num_generated += told.num_generated_tokens
                self._queue_s = told.queue_s if self._queue_s is None else min(self._queue_s, told.queue_s)
                if told.choice == 0:  # the others share what this one computed
                    self._num_cached += told.num_cached_tokens
                self._end(told.reason.value, told.is_last)
            case Embedded():
                self._end("embedded", is_last=True)
            case _:
                pass

    def _end(self, outcome: str, is_last: bool) -> None:  # noqa: FBT001
        self._num_left -= is_last
        if not self._num_left:
            self.outcome = outcome

    def record(self) -> GenerationRecord:
        """As a value."""
        return GenerationRecord(
            model=self._model,
            outcome=self.outcome,
            duration_s=time.monotonic() - self._started,
            first_token_s=self._first,
            num_prompt_tokens=self._num_prompt,
            num_generated_tokens=self._num_generated,
            num_cached_tokens=self._num_cached,
            queue_s=self._queue_s,
            began_s=self._started,
        )


def services_of(request: Request) -> Services:
    """Those of the application that got this request."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services
