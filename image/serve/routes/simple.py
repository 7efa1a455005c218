"""One text in, one text out: /v1/generate and /chat, for scripts and curl."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.frame import Chunk
from serve.answers.simple import SimpleAnswer, SimpleFrame
from serve.answers.turns import Turns
from serve.chat.parse import make_parser
from serve.log import request_id
from serve.messages import GenerateRequest, TextPrompt
from serve.models import ModelEntry
from serve.routes.answering import stream_answer, whole_answer, with_headers
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.wire.simple import SimpleChatRequest, SimpleGenerateRequest

posts = Routes("simple")

Keep = Callable[[str], Awaitable[Chunk]]
"""Of all that was said; what is told of that."""


@posts.post("/v1/generate")
async def generate(body: SimpleGenerateRequest, request: Request) -> Response:
    """Answer a prompt."""
    services = services_of(request)
    entry = await services.supervisor.wake(body.model)
    made = body.to_generate(entry, chats=_chats(services, entry))
    return await answered(services, entry, with_headers(request, [made]), streams=body.stream)


@posts.post("/chat")
async def chat(body: SimpleChatRequest, request: Request) -> Response:
    """Answer a message, or a conversation."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    made = body.request(entry, body.conversation(body.said()))
    return await answered(services, entry, with_headers(request, [made]), streams=body.stream)


async def answered(
    services: Services,
    entry: ModelEntry,
    requests: Sequence[GenerateRequest],
    *,
    streams: bool,
    keep: Keep | None = None,
    holds: contextlib.AsyncExitStack | None = None,
) -> Response:
    """Of one request, whole or streamed. `keep` is awaited before the end is told; `holds` is left with a stream."""
    turns = Turns(1, time.monotonic, None if isinstance(requests[0].prompt, TextPrompt) else make_parser)
    more: Chunk = {}
    answer = SimpleAnswer(SimpleFrame(entry.id, request_id.get(), more), turns)

    async def at_end() -> None:
        if keep is not None:
            more.update(await keep(answer.text))

    if not streams:
        return await whole_answer(services, entry.id, requests, answer, turns, at_end=at_end)
    return await stream_answer(services, entry.id, requests, answer, turns, at_end=at_end, holds=holds)


def _chats(services: Services, entry: ModelEntry) -> bool:
    """Does it have a chat template, of its own or of its entry?"""
    if entry.chat_template is not None:
        return True
    status = services.supervisor.status(entry.id)
    return status is not None and status.info is not None and status.info.chat_template is not None
