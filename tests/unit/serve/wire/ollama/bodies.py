"""Ollama's bodies, parsed as routes parse them: from JSON."""

from __future__ import annotations

import json
from typing import Any

from serve.messages import GenerateRequest
from serve.wire.ollama.text import OllamaChat, OllamaGenerate
from tests.unit.serve.wire.bodies import ENTRY, HELLO


def ollama_chat(**fields: Any) -> GenerateRequest:
    """A chat as the engine gets it."""
    body = OllamaChat.model_validate_json(json.dumps({"model": "m", "messages": HELLO} | fields))
    (request,) = body.to_chat().to_generate(ENTRY)
    return request


def ollama_generate(**fields: Any) -> OllamaGenerate:
    """A request for one answer."""
    return OllamaGenerate.model_validate_json(json.dumps({"model": "m", "prompt": "Once"} | fields))
