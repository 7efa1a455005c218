"""OpenAI's API: models, chat completions, completions."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from serve.engine.types import Event
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.ports import Status
from serve.services import TheServices
from serve.stream import Chunk, Form, chunks, fold, sse
from serve.wire import ChatRequest, CompletionRequest

router = APIRouter(prefix="/v1", tags=["openai"])


@router.post("/chat/completions")
async def chat_completions(body: ChatRequest, services: TheServices) -> Response:
    """Answer a conversation."""
    entry = services.supervisor.models.find(body.model)
    form = Form(_new_id("chatcmpl"), entry.id, int(time.time()), is_chat=True, include_usage=body.include_usage)
    return await _answer(services, form, body.to_generate(entry), stream=body.stream)


@router.post("/completions")
async def completions(body: CompletionRequest, services: TheServices) -> Response:
    """Continue a text."""
    entry = services.supervisor.models.find(body.model)
    form = Form(_new_id("cmpl"), entry.id, int(time.time()), is_chat=False, include_usage=body.include_usage)
    return await _answer(services, form, body.to_generate(entry), stream=body.stream)


@router.get("/models")
async def models(services: TheServices) -> dict[str, Any]:
    """All models, whether they serve right now or not."""
    pairs = zip(services.supervisor.models.models, services.supervisor.statuses(), strict=True)
    return {"object": "list", "data": [_model(entry, status) for entry, status in pairs]}


@router.get("/models/{name:path}")
async def model(name: str, services: TheServices) -> dict[str, Any]:
    """One model, by id or alias."""
    entry = services.supervisor.models.find(name)
    status = next(s for s in services.supervisor.statuses() if s.model == entry.id)
    return _model(entry, status)


async def _answer(services: TheServices, form: Form, request: GenerateRequest, *, stream: bool) -> Response:
    async with contextlib.AsyncExitStack() as stack:
        events = await stack.enter_async_context(services.generation(form.model, request))
        if not stream:
            return JSONResponse(await fold(form, chunks(form, events)))
        # The first event says whether the request is taken: until then an error still gets its own status.
        first = await anext(events)
        return _OwningStream(sse(form, chunks(form, _chain(first, events))), stack.pop_all())


class _OwningStream(StreamingResponse):
    """A stream of events that ends its generation however it ends itself."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[bytes], owned: contextlib.AsyncExitStack) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._owned = owned

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._owned:
            await super().__call__(scope, receive, send)


async def _chain(first: Event, rest: AsyncIterator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in rest:
        yield event


def _model(entry: ModelEntry, status: Status) -> Chunk:
    return {
        "id": entry.id,
        "object": "model",
        "created": status.written_at,
        "owned_by": "slipway",
        "aliases": list(entry.aliases),
        "state": status.state.value,
        "context_tokens": entry.context_tokens,
        "num_slots": entry.num_slots,
    }


def _new_id(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex}"
