"""OpenAI's responses. Nothing is stored, so none can be fetched, deleted or gone on with by its id."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.framing import NAMED_EVENTS
from serve.answers.responses import ResponseFrame, ResponseStream, WholeResponse
from serve.answers.turns import Turns
from serve.chat.parse import make_parser
from serve.chat.shorten import shortened
from serve.chat.types import Conversation
from serve.errors import PromptTooLongError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.routes.answering import json_answer, stream_answer, whole_answer, with_headers
from serve.routes.counting import count_tokens
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.wire.responses import ResponsesFields, ResponsesRequest

posts = Routes("openai")


@posts.post("/v1/responses")
@posts.post("/responses", in_document=False)
async def responses(body: ResponsesRequest, request: Request) -> Response:
    """Answer a conversation, item by item."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    (made,) = with_headers(request, body.to_generate(entry))
    while True:
        try:
            return await _answer(services, entry, body, made)
        except PromptTooLongError as error:
            if body.truncation != "auto":
                raise
            made = _shortened(made, error)


async def _answer(services: Services, entry: ModelEntry, body: ResponsesRequest, made: GenerateRequest) -> Response:
    tools = frozenset(tool.name for tool in body.tools or () if tool.name is not None)
    turns = Turns(1, time.monotonic, partial(make_parser, tools=tools))
    frame = ResponseFrame(
        id=f"resp_{secrets.token_hex(24)}",
        model=entry.id,
        created=int(time.time()),
        settings=body.settings(made),
        summarizes=body.summarizes,
        timings_per_token=body.timings_per_token,
    )
    if body.stream:
        stream = ResponseStream(frame, turns)
        framing = replace(NAMED_EVENTS, error=stream.failed)  # an error is a part of the answer, and has its number
        return await stream_answer(services, entry.id, [made], stream, turns, framing=framing)
    return await whole_answer(services, entry.id, [made], WholeResponse(frame, turns), turns)


@posts.post("/v1/responses/input_tokens")
async def input_tokens(body: ResponsesFields, request: Request) -> Response:
    """How many tokens the input is."""
    num_tokens = await count_tokens(services_of(request), body.model, body.conversation())
    return json_answer({"object": "response.input_tokens", "input_tokens": num_tokens})


def _shortened(made: GenerateRequest, error: PromptTooLongError) -> GenerateRequest:
    """With about as many tokens less as are too many, or the error where that can't be. Each time it is shorter."""
    assert isinstance(made.prompt, Conversation)
    num_too_many = error.num_prompt_tokens + (made.max_tokens or 1) - error.context_tokens
    shorter = shortened(made.prompt, num_too_many / max(1, error.num_prompt_tokens))
    if shorter is None:
        raise error
    return replace(made, prompt=shorter)
