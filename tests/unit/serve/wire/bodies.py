"""Request bodies, parsed as routes parse them: from JSON."""

from __future__ import annotations

import json
from typing import Any

from serve.messages import GenerateRequest
from serve.models import AdapterEntry, ModelEntry
from serve.wire.anthropic import MessagesRequest
from serve.wire.chat import ChatRequest
from serve.wire.completion import CompletionRequest
from serve.wire.responses import ResponsesRequest

ENTRY = ModelEntry(
    id="m",
    file="m.gguf",
    num_slots=1,
    context_tokens=64,
    stop=("\n",),
    adapters=(AdapterEntry("on", "on.gguf", 0.5), AdapterEntry("off", "off.gguf")),
)
HELLO = [{"role": "user", "content": "Hello"}]


def chat(entry: ModelEntry = ENTRY, /, **fields: Any) -> GenerateRequest:
    """A chat request."""
    body = json.dumps({"model": "m", "messages": HELLO} | fields)
    (request,) = ChatRequest.model_validate_json(body).to_generate(entry)
    return request


def completions(**fields: Any) -> list[GenerateRequest]:
    """A text completion of perhaps several prompts."""
    body = json.dumps({"model": "m", "prompt": "Once"} | fields)
    return CompletionRequest.model_validate_json(body).to_generate(ENTRY)


def completion(**fields: Any) -> GenerateRequest:
    """A text completion of one prompt."""
    (request,) = completions(**fields)
    return request


def responses_body(**fields: Any) -> tuple[ResponsesRequest, GenerateRequest]:
    """A request for a response, and what is made of it."""
    body = ResponsesRequest.model_validate_json(json.dumps({"model": "m", "input": "Hello"} | fields))
    (request,) = body.to_generate(ENTRY)
    return body, request


def messages_body(**fields: Any) -> GenerateRequest:
    """What is made of a request of Anthropic's clients."""
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": HELLO} | fields)
    (request,) = MessagesRequest.model_validate_json(body).to_generate(ENTRY)
    return request
