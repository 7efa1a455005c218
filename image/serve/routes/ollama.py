"""Ollama's API, first half: what models are asked. (ollama_models.py: what is asked about models.)"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from serve.answers.frame import Chunk
from serve.answers.framing import OLLAMA
from serve.answers.ollama import (
    Form,
    OllamaFrame,
    OllamaStream,
    WholeOllama,
    Words,
    as_message,
    as_response,
    moment,
    nanoseconds,
)
from serve.answers.ollama_models import template_of, thinks
from serve.answers.turns import Tally, Turns
from serve.answers.vectors import normalized, numbers
from serve.chat.parse import make_parser
from serve.engine.types import Embedded, ModelInfo
from serve.errors import InvalidRequestError, ModelNotFoundError
from serve.generation import Batch
from serve.messages import GenerateRequest, TextPrompt, Tokenize, Tokenized
from serve.models import ModelEntry
from serve.routes.answering import json_answer, stream_answer, whole_answer, with_headers
from serve.routes.json_route import JsonRoute
from serve.services import Services, services_of
from serve.wire.ollama.context import pack
from serve.wire.ollama.text import ModelFields, OllamaChat, OllamaGenerate, TextFields
from serve.wire.ollama.vectors import OllamaEmbed, OllamaEmbeddings, to_vectors


class OllamaErrorBody(BaseModel):
    """Ollama's error shape."""

    error: str


TOLD: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": OllamaErrorBody, "description": "The request is wrong, or there are too many"}
}

posts = APIRouter(tags=["ollama"], route_class=JsonRoute, responses=TOLD)
_SPARE_TOKENS = 4  # what a model may want around a text
_TOKEN_BYTES = 12  # most tokens are shorter, and so many bytes no tokenizer here refuses


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


def find(services: Services, name: str | None) -> ModelEntry:
    """Clients look for Ollama's words."""
    try:
        return services.supervisor.models.find(name or None)
    except ModelNotFoundError as error:
        raise ModelNotFoundError(f"model {name!r} not found", param="model") from error


@dataclass(slots=True)
class Visit:
    """One request to a model: when it came, under which name, how long the model took to wake, and how long it stays.

    To what answers requests it is the Services.
    """

    services: Services
    request: Request
    entry: ModelEntry
    name: str  # as the client calls the model
    keep_alive_s: float | None
    came_s: float
    tally: Tally

    @classmethod
    def of(cls, body: ModelFields, request: Request) -> Visit:
        """Of a request that has just come."""
        services = services_of(request)
        entry = find(services, body.model)
        came_s = time.monotonic()
        return cls(services, request, entry, body.model or entry.id, body.keep_alive, came_s, Tally(began_s=came_s))

    async def load(self) -> None:
        """Wake the model, and no more."""
        await self.services.supervisor.wake(self.entry.id)
        self._keep_alive()

    async def load_or_unload(self, form: Form) -> Response:
        """What a request for no answer means."""
        if self.keep_alive_s == 0:
            await self.services.supervisor.unload(self.entry.id)
        else:
            await self.load()
        reason = "unload" if self.keep_alive_s == 0 else "load"
        stamp = {"model": self.name, "created_at": moment(time.time_ns())}
        return json_answer(stamp | form(Words()) | {"done": True, "done_reason": reason})

    async def info(self) -> ModelInfo | None:
        """What the model's file says of itself."""
        found = self._known()
        if found is None:
            await self.services.supervisor.wake(self.entry.id)
            found = self._known()
        return found

    def _known(self) -> ModelInfo | None:
        statuses = self.services.supervisor.statuses()
        return next((status.info for status in statuses if status.model == self.entry.id), None)

    async def check_thoughts(self, body: TextFields) -> None:
        """As Ollama: who asks for thoughts wants to get them."""
        if body.wants_thoughts and not thinks(self.entry, await self.info()):
            raise InvalidRequestError(f'"{self.name}" does not support thinking', param="think")

    async def answer(
        self,
        body: TextFields,
        requests: Sequence[GenerateRequest],
        form: Form,
        turns: Turns,
        context: Callable[[str], Chunk] | None = None,
    ) -> Response:
        """Whole or in pieces."""
        self.tally = turns.tally
        frame = OllamaFrame(self.name, form, self.came_s, time.time_ns)
        requests = with_headers(self.request, requests)
        if body.streams:
            stream = OllamaStream(frame, turns, context)
            return await stream_answer(self, self.entry.id, requests, stream, turns, framing=OLLAMA)
        return await whole_answer(self, self.entry.id, requests, WholeOllama(frame, turns, context), turns)

    @contextlib.asynccontextmanager
    async def generation(self, model: str, requests: Sequence[GenerateRequest]) -> AsyncIterator[AsyncIterator[Batch]]:
        """That of the services. Until it begins the model loads; when it has ended, its stay does."""
        async with self.services.generation(model, requests) as batches:
            self.tally.began_s = time.monotonic()
            try:
                yield batches
            finally:
                self._keep_alive()

    def _keep_alive(self) -> None:
        if self.keep_alive_s is not None:
            self.services.supervisor.keep_alive(self.entry.id, self.keep_alive_s)

    async def vectors(self, prompts: Sequence[TextPrompt]) -> list[Embedded]:
        """In the order of the prompts."""
        found: dict[int, Embedded] = {}
        requests = with_headers(self.request, to_vectors(self.entry, prompts))
        async with self.generation(self.entry.id, requests) as batches:
            async for batch in batches:
                found |= {index: told for index, told in batch if isinstance(told, Embedded)}
        return [found[index] for index in range(len(prompts))]

    def costs(self, told: Sequence[Embedded]) -> Chunk:
        """Of vectors."""
        return {
            "total_duration": nanoseconds(time.monotonic() - self.came_s),
            "load_duration": nanoseconds(self.tally.began_s - self.came_s),
            "prompt_eval_count": sum(each.num_prompt_tokens for each in told),
        }

    async def cut(self, text: str) -> TextPrompt:
        """As much of its beginning as fits. A token is a byte at least, so most texts need no look."""
        most = self.entry.context_tokens - _SPARE_TOKENS
        data = text.encode("utf-8", "replace")
        if len(data) <= most:
            return TextPrompt((text,))
        start = data[: most * _TOKEN_BYTES].decode("utf-8", "ignore")
        told = await self.services.supervisor.ask(
            self.entry.id, lambda id_: Tokenize(id_, start, adds_special=True, parses_special=True)
        )
        assert isinstance(told, Tokenized)
        return TextPrompt((start,) if len(told.tokens) <= most else told.tokens[:most])
