"""Ollama's API, first half: what models are asked. (ollama_models.py: what is asked about models.)"""

from __future__ import annotations

import time
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.frame import Chunk
from serve.answers.ollama import as_message, as_response
from serve.answers.ollama_models import template_of
from serve.answers.turns import Turns
from serve.answers.vectors import normalized, numbers
from serve.chat.parse import make_parser
from serve.messages import TextPrompt
from serve.routes.answering import json_answer
from serve.routes.ollama_visit import Visit
from serve.routes.table import Routes
from serve.wire.ollama.context import pack
from serve.wire.ollama.text import OllamaChat, OllamaGenerate
from serve.wire.ollama.vectors import OllamaEmbed, OllamaEmbeddings

posts = Routes("ollama")


@posts.post("/api/generate")
async def generate(body: OllamaGenerate, request: Request) -> Response:
    """Answer a prompt."""
    visit = Visit.of(body, request)
    if not body.prompt:
        return await visit.load_or_unload(as_response)
    await visit.check_thoughts(body)
    if body.raw or not template_of(visit.entry, await visit.info()):
        return await visit.answer(body, body.to_text(visit.entry), as_response, Turns(1, time.monotonic))
    chat = body.to_chat()
    turns = Turns(1, time.monotonic, make_parser)

    def context(answer: str) -> Chunk:
        return {"context": pack([*body.said(), ("assistant", answer)])}

    return await visit.answer(body, chat.to_generate(visit.entry), as_response, turns, context)


@posts.post("/api/chat")
async def chat(body: OllamaChat, request: Request) -> Response:
    """Answer a conversation."""
    visit = Visit.of(body, request)
    if not body.messages:
        return await visit.load_or_unload(as_message)
    await visit.check_thoughts(body)
    tools = frozenset(tool.function.name for tool in body.tools or ())
    turns = Turns(1, time.monotonic, partial(make_parser, tools=tools))
    return await visit.answer(body, body.to_chat().to_generate(visit.entry), as_message, turns)


@posts.post("/api/embed")
async def embed(body: OllamaEmbed, request: Request) -> Response:
    """A vector of length 1 for each text."""
    visit = Visit.of(body, request)
    if not body.texts:
        await visit.load()
        return json_answer({"model": visit.name, "embeddings": []})
    cuts = body.truncate is not False
    prompts = [await visit.cut(text) if cuts else TextPrompt((text,)) for text in body.texts]
    told = await visit.vectors(prompts)
    vectors = [normalized(numbers(each.vector), body.dimensions or None).tolist() for each in told]
    return json_answer({"model": visit.name, "embeddings": vectors} | visit.costs(told))


@posts.post("/api/embeddings")
async def embeddings(body: OllamaEmbeddings, request: Request) -> Response:
    """One vector, as the model makes it."""
    visit = Visit.of(body, request)
    if not body.prompt:
        await visit.load()
        return json_answer({"embedding": []})
    (told,) = await visit.vectors([TextPrompt((body.prompt,))])
    return json_answer({"embedding": numbers(told.vector).tolist()})
