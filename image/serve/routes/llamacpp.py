"""llama.cpp's own API, for programs that were written for its server."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.framing import LLAMA_CPP
from serve.answers.native import NativeFrame, NativeStream, WholeNative
from serve.answers.turns import Turns
from serve.errors import InvalidRequestError
from serve.messages import (
    Detokenize,
    Detokenized,
    GenerateRequest,
    Render,
    Rendered,
    TextPrompt,
    Tokenize,
    Tokenized,
)
from serve.models import ModelEntry
from serve.routes.answering import json_answer, stream_answer, whole_answer, with_headers
from serve.routes.counting import count_tokens
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.supervision.ports import Status
from serve.wire.chat import ChatRequest
from serve.wire.native import (
    AdapterScales,
    DetokenizeRequest,
    NativeRequest,
    TokenizeRequest,
    generation_settings,
)
from serve.wire.sampling import of_model

router = Routes("llama.cpp")
posts = Routes("llama.cpp")


@posts.post("/completion")
@posts.post("/completions", in_document=False)
async def completion(body: NativeRequest, request: Request) -> Response:
    """Continue a text, told as llama.cpp does."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    requests = with_headers(request, body.to_generate(entry))
    turns = Turns(body.num_choices, time.monotonic)
    frame = NativeFrame(
        model=entry.id,
        settings=tuple(body.settings(each) for each in requests),
        num_choices=body.num_choices,
        num_probs=body.n_probs,
        returns_tokens=body.return_tokens,
        timings_per_token=body.timings_per_token,
        slot=requests[0].slot or 0,
        fields=tuple(body.response_fields or ()),
    )
    if body.stream:
        return await stream_answer(services, entry.id, requests, NativeStream(frame, turns), turns, framing=LLAMA_CPP)
    return await whole_answer(services, entry.id, requests, WholeNative(frame, turns, as_list=body.wants_list), turns)


@posts.post("/tokenize")
async def tokenize(body: TokenizeRequest, request: Request) -> Response:
    """Which tokens a text is."""
    services = services_of(request)
    model = services.supervisor.models.find(body.model).id  # an empty list asks nothing of it
    tokens: list[int] = []
    pieces: list[bytes] = []
    parts = [body.content] if isinstance(body.content, str) else body.content
    for index, part in enumerate(parts):
        if isinstance(part, int):
            raise InvalidRequestError("content has a token in it: text is allowed here", param="content")
        told = await _tokenize(
            services,
            model,
            part,
            adds_special=body.add_special and index == 0,
            parses_special=body.parse_special,
        )
        tokens += told.tokens
        pieces += told.pieces
    if body.with_pieces:
        pairs = zip(tokens, pieces, strict=True)
        return json_answer({"tokens": [{"id": token, "piece": _shown(piece)} for token, piece in pairs]})
    return json_answer({"tokens": tokens})


@posts.post("/detokenize")
async def detokenize(body: DetokenizeRequest, request: Request) -> Response:
    """Which text tokens are."""
    told = await services_of(request).supervisor.ask(body.model, lambda id_: Detokenize(id_, tuple(body.tokens)))
    assert isinstance(told, Detokenized)
    return json_answer({"content": told.text})


@posts.post("/apply-template")
async def apply_template(body: ChatRequest, request: Request) -> Response:
    """Which prompt a conversation is."""
    return json_answer({"prompt": await _render(services_of(request), body)})


@posts.post("/v1/chat/completions/input_tokens")
@posts.post("/chat/completions/input_tokens", in_document=False)
async def input_tokens(body: ChatRequest, request: Request) -> Response:
    """How many tokens a conversation is."""
    num_tokens = await count_tokens(services_of(request), body.model, body.conversation())
    return json_answer({"object": "response.input_tokens", "input_tokens": num_tokens})


@router.get("/props")
async def props(services: Services, model: str | None = None) -> dict[str, Any]:
    """What the server and a model are set to."""
    entry, status = _find(services, model)
    info = status.info
    settings = GenerateRequest(TextPrompt(()), max_tokens=entry.max_tokens, sampling=of_model(entry.sampling))
    return {
        "default_generation_settings": {
            "id": 0,
            "n_ctx": entry.context_tokens,
            "is_processing": False,
            "params": generation_settings(settings),
        },
        "total_slots": entry.num_slots,
        "model_alias": entry.id,
        "model_path": str(services.settings.models_dir / entry.file),
        "modalities": {"vision": False, "audio": False},
        "chat_template": entry.chat_template or (info.chat_template if info else None) or "",
        "bos_token": info.bos if info else "",
        "eos_token": info.eos if info else "",
        "build_info": "slipway",
        "is_sleeping": False,
    }


@router.get("/slots")
async def slots(services: Services, model: str | None = None) -> list[dict[str, Any]]:
    """Which are taken. What is in them is their clients' own."""
    entry, status = _find(services, model)
    return [
        {
            "id": index,
            "n_ctx": entry.context_tokens,
            "speculative": entry.draft_tokens > 0,
            "is_processing": index < status.num_requests,
        }
        for index in range(entry.num_slots)
    ]


@router.get("/lora-adapters")
async def lora_adapters(services: Services, model: str | None = None) -> list[dict[str, Any]]:
    """A model's adapters, and how much of each a request gets that does not say."""
    entry, _ = _find(services, model)
    return [
        {"id": index, "path": adapter.file, "name": adapter.name, "scale": adapter.scale}
        for index, adapter in enumerate(entry.adapters)
    ]


@posts.post("/lora-adapters")
async def set_lora_adapters(body: AdapterScales, request: Request) -> Response:
    """Set that for all requests that come from now on. Those that are not in the list are off."""
    services = services_of(request)
    entry, _ = _find(services, request.query_params.get("model"))
    scales = {each.id: each.scale for each in body.root}
    for index in scales:
        if index >= len(entry.adapters):
            raise InvalidRequestError(f"there is no adapter {index}: model {entry.id!r} has {len(entry.adapters)}")
    adapters = tuple(replace(each, scale=scales.get(index, 0.0)) for index, each in enumerate(entry.adapters))
    services.supervisor.set_adapters(entry, adapters)
    return json_answer({"success": True})


async def _tokenize(
    services: Services, model: str, text: str, *, adds_special: bool, parses_special: bool
) -> Tokenized:
    told = await services.supervisor.ask(
        model, lambda id_: Tokenize(id_, text, adds_special=adds_special, parses_special=parses_special)
    )
    assert isinstance(told, Tokenized)
    return told


async def _render(services: Services, body: ChatRequest) -> str:
    conversation = body.conversation()
    told = await services.supervisor.ask(body.model, lambda id_: Render(id_, conversation))
    assert isinstance(told, Rendered)
    return told.prompt


def _find(services: Services, model: str | None) -> tuple[ModelEntry, Status]:
    entry = services.supervisor.models.find(model)
    status = services.supervisor.status(entry.id)
    assert status is not None  # it was found just now
    return entry, status


def _shown(piece: bytes) -> str | list[int]:
    """A piece that is a part of a character only is told by its bytes."""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return list(piece)
