"""One request to a model in Ollama's API: how long the model took to wake, and how long it stays afterwards."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.frame import Chunk
from serve.answers.framing import OLLAMA
from serve.answers.ollama import Form, OllamaFrame, OllamaStream, WholeOllama, Words, moment, nanoseconds
from serve.answers.ollama_models import thinks
from serve.answers.turns import Tally, Turns
from serve.engine.types import Embedded, ModelInfo
from serve.errors import ConflictError, ForbiddenError, InvalidRequestError, ModelNotFoundError, PromptTooLongError
from serve.messages import GenerateRequest, TextPrompt, Tokenize, Tokenized
from serve.models import ModelEntry
from serve.routes.answering import json_answer, stream_answer, whole_answer, with_headers
from serve.security.admin import may_change
from serve.services import Services, services_of
from serve.supervision.generation import Batch
from serve.wire.ollama.text import ModelFields, TextFields
from serve.wire.ollama.vectors import to_vectors

_SPARE_TOKENS = 4  # what a model may want around a text
_TOKEN_BYTES = 12  # most tokens are shorter, and so many bytes no tokenizer here refuses


def find(services: Services, name: str | None) -> ModelEntry:
    """Clients look for Ollama's words."""
    try:
        return services.supervisor.models.find(name or None)
    except ModelNotFoundError as error:
        raise ModelNotFoundError(f"model {name or ''!r} not found", param="model") from error


@dataclass(slots=True)
class Visit:
    """To what answers requests it is the Services."""

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
            await self._unload()
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
        status = self.services.supervisor.status(self.entry.id)
        return None if status is None else status.info

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
        """Whole or in pieces. More tokens than fit are as many as fit: Ollama's clients can't know how many do."""
        self.tally = turns.tally
        frame = OllamaFrame(self.name, form, self.came_s, time.time_ns)
        (asked,) = with_headers(self.request, requests)

        async def made(one: GenerateRequest) -> Response:
            if body.streams:
                stream = OllamaStream(frame, turns, context)
                return await stream_answer(self, self.entry.id, [one], stream, turns, framing=OLLAMA)
            return await whole_answer(self, self.entry.id, [one], WholeOllama(frame, turns, context), turns)

        try:
            return await made(asked)
        except PromptTooLongError as error:
            if asked.max_tokens is None or error.num_prompt_tokens >= error.context_tokens:
                raise
            return await made(replace(asked, max_tokens=None))

    @contextlib.asynccontextmanager
    async def generation(self, model: str, requests: Sequence[GenerateRequest]) -> AsyncIterator[AsyncIterator[Batch]]:
        """That of the services. Until it begins the model loads; when it has ended, its stay does."""
        async with self.services.generation(model, requests) as batches:
            self.tally.began_s = time.monotonic()
            try:
                yield batches
            finally:
                self._keep_alive()

    @property
    def _may_go(self) -> bool:
        """Clients have a say in models that come by demand. Those that are set to be there stay there."""
        return self.entry.load == "on_demand" and not self.entry.pinned

    def _keep_alive(self) -> None:
        """Most clients send one with each request: whose key does not allow it is answered all the same."""
        if self.keep_alive_s is not None and self._may_go and may_change(self.request.scope):
            self.services.supervisor.keep_alive(self.entry.id, self.keep_alive_s)

    async def _unload(self) -> None:
        """Now, or when the requests of others have ended."""
        if not may_change(self.request.scope):
            raise ForbiddenError("this key may not unload a model: an admin key may")
        if not self._may_go:
            raise ConflictError(f"model {self.name!r} is set to stay loaded", param="keep_alive")
        supervisor = self.services.supervisor
        status = supervisor.status(self.entry.id)
        if status is not None and status.num_requests:
            supervisor.keep_alive(self.entry.id, 0)
        else:
            await supervisor.unload(self.entry.id)

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
