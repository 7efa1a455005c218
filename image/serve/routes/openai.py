"""OpenAI's API: models, chat completions, completions."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from serve.answers import anthropic_models
from serve.answers.chat import ChatStream, WholeChat
from serve.answers.frame import Chunk, Frame
from serve.answers.text import TextStream, WholeText
from serve.answers.turns import Turns
from serve.chat.parse import make_parser
from serve.models import ModelEntry
from serve.routes.answering import stream_answer, whole_answer, with_headers
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.supervision.ports import Status
from serve.wire.chat import ChatRequest
from serve.wire.common import TextFields
from serve.wire.completion import CompletionRequest

router = Routes("openai")
posts = Routes("openai")


@posts.post("/v1/chat/completions")
@posts.post("/chat/completions", in_document=False)
async def chat_completions(body: ChatRequest, request: Request) -> Response:
    """Answer a conversation."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    if body.verbose is None:
        body.verbose = services.settings.log_level == "debug"
    requests = with_headers(request, body.to_generate(entry))
    tools = frozenset(tool.function.name for tool in body.tools or ())
    turns = Turns(body.num_choices, time.monotonic, partial(_parser, tools, body))
    frame = _frame("chatcmpl", entry, body)
    if body.stream:
        return await stream_answer(services, entry.id, requests, ChatStream(frame, turns), turns)
    return await whole_answer(services, entry.id, requests, WholeChat(frame, turns), turns)


@posts.post("/v1/completions")
async def completions(body: CompletionRequest, request: Request) -> Response:
    """Continue a text."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    requests = with_headers(request, body.to_generate(entry))
    turns = Turns(body.num_choices, time.monotonic, waits_for_scores=requests[0].scores_prompt)
    frame, has_logprobs = _frame("cmpl", entry, body), body.logprobs is not None
    if body.stream:
        stream = TextStream(frame, turns, has_logprobs=has_logprobs)
        return await stream_answer(services, entry.id, requests, stream, turns)
    return await whole_answer(services, entry.id, requests, WholeText(frame, turns, has_logprobs=has_logprobs), turns)


@router.get("/v1/models")
@router.get("/models", in_document=False)
async def models(services: Services, request: Request) -> dict[str, Any]:
    """All models, whether they serve right now or not."""
    pairs = list(zip(services.supervisor.models.models, services.supervisor.statuses(), strict=True))
    if anthropic_models.is_anthropics(request.headers):
        return anthropic_models.page(pairs)
    return {"object": "list", "data": [_model(entry, status) for entry, status in pairs]}


@router.get("/v1/models/{name:path}")
async def model(name: str, services: Services, request: Request) -> dict[str, Any]:
    """One model, by id or alias."""
    entry = services.supervisor.models.find(name)
    status = services.supervisor.status(entry.id)
    assert status is not None  # it was found just now
    return (anthropic_models.model_info if anthropic_models.is_anthropics(request.headers) else _model)(entry, status)


def _parser(tools: frozenset[str], body: ChatRequest, format_name: str, opened: str) -> Any:
    return make_parser(format_name, opened, tools=tools, reasoning=body.reasoning)


def _frame(kind: str, entry: ModelEntry, body: TextFields) -> Frame:
    return Frame(
        id=f"{kind}-{secrets.token_hex(16)}",
        model=entry.id,
        created=int(time.time()),
        include_usage=body.include_usage,
        timings_per_token=body.timings_per_token,
        verbose=bool(body.verbose),
    )


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
        "adapters": [adapter.name for adapter in entry.adapters],
    }
