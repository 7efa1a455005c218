"""The HTTP application on workers that are fakes, called without a network."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from serve.http.api import create_app
from serve.models import ModelEntry, Models
from serve.services import Services
from serve.settings import Settings
from serve.supervision.ports import Options
from serve.supervision.supervisor import Supervisor
from serve.telemetry.metrics import Metrics
from tests.helpers.fakes import EchoWorker, FakeClock, FakeDisk, FakeLauncher, FakeWorker
from tests.helpers.pulls import FakeChildren, make_pulls

MODELS = Models((ModelEntry(id="m", file="m.gguf", num_slots=2, context_tokens=64, aliases=("gpt-4o",)),))


@dataclass(frozen=True, slots=True)
class App:
    """The application and what is behind it."""

    client: httpx.AsyncClient
    supervisor: Supervisor
    launcher: FakeLauncher
    services: Services
    children: FakeChildren  # that pull

    async def chat(self, **more: Any) -> httpx.Response:
        """One chat request."""
        request = {"model": "m", "messages": [{"role": "user", "content": "hello big world"}]} | more
        return await self.client.post("/v1/chat/completions", json=request)


@contextlib.asynccontextmanager
async def running_app(
    kind: type[FakeWorker] = EchoWorker,
    *,
    present: bool = True,
    models: Models = MODELS,
    files: Sequence[str] = (),
    discovers: bool = False,
    **settings: Any,
) -> AsyncIterator[App]:
    """With the model served, unless its file is not `present`; with these `files` beside it. Somebody looks after the
    models: such as are loaded on demand are.
    """
    launcher, clock, children = FakeLauncher(kind), FakeClock(), FakeChildren()
    supervisor = Supervisor(
        models,
        launcher=launcher,
        disk=FakeDisk(files={"m.gguf", *files} if present else set(files)),
        options=Options(
            Path("/models"),
            num_threads=1,
            step_tokens=16,
            max_waiting=1,
            start_s=20,
            silence_s=1.5,
            stuck_s=60,
            discovers=discovers,
        ),
        clock=clock,
        jitter=lambda: 1.0,
    )
    services = Services(Settings(**settings), supervisor, Metrics(supervisor.statuses), pulls=make_pulls(children))
    await supervisor.tick()
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    keeping = asyncio.create_task(supervisor.run())
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield App(client, supervisor, launcher, services, children)
    finally:
        keeping.cancel()
