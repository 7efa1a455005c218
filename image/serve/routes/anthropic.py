"""Anthropic's API: messages, and how many tokens they are."""

from __future__ import annotations

import secrets
import time
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.anthropic import MessageFrame, MessageStream, WholeMessage
from serve.answers.framing import ANTHROPIC
from serve.answers.turns import Turns
from serve.chat.parse import make_parser
from serve.routes.answering import json_answer, stream_answer, whole_answer, with_headers
from serve.routes.counting import count_tokens
from serve.routes.table import Routes
from serve.services import services_of
from serve.wire.anthropic import MessagesFields, MessagesRequest

posts = Routes("anthropic")


@posts.post("/v1/messages")
async def messages(body: MessagesRequest, request: Request) -> Response:
    """Answer a conversation, block by block."""
    services = services_of(request)
    entry = services.supervisor.models.find(body.model)
    requests = with_headers(request, body.to_generate(entry))
    tools = frozenset(tool.name for tool in body.tools or () if tool.name)
    turns = Turns(1, time.monotonic, partial(make_parser, tools=tools, new_id=_call_id))
    frame = MessageFrame(
        id=f"msg_{secrets.token_hex(12)}",
        model=entry.id,
        stops=frozenset(body.stop_sequences or ()),
        hides_thoughts=body.hides_thoughts,
    )
    if body.stream:
        return await stream_answer(services, entry.id, requests, MessageStream(frame, turns), turns, framing=ANTHROPIC)
    return await whole_answer(services, entry.id, requests, WholeMessage(frame, turns), turns)


@posts.post("/v1/messages/count_tokens")
async def count(body: MessagesFields, request: Request) -> Response:
    """How many tokens a conversation is."""
    num_tokens = await count_tokens(services_of(request), body.model, body.conversation())
    return json_answer({"input_tokens": num_tokens})


def _call_id() -> str:
    """As Anthropic's look."""
    return f"toolu_{secrets.token_hex(12)}"
