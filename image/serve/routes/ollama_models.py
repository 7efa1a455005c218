"""Ollama's API, second half: what is asked about models, and what brings and removes them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.frame import Chunk
from serve.answers.framing import OLLAMA
from serve.answers.ollama_models import is_here, listed, running, shown
from serve.answers.ollama_pull import SUCCESS, line_of
from serve.errors import ModelNotFoundError, NotServedError, RequestError
from serve.models import ModelEntry
from serve.pulls.pull import Pull
from serve.pulls.types import PullOrder, PullState, PullStatus
from serve.routes.answering import OwningStream, json_answer
from serve.routes.ollama_visit import find
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status
from serve.supervision.supervisor import Supervisor
from serve.wire.ollama.names import CopyBody, DeleteBody, PullBody, ShowBody

log = logging.getLogger(__name__)

API_VERSION = "0.33.0"
"""Of Ollama's API, as it is spoken here: clients ask whether the server is new enough for them."""
BEGIN_S = 5.0  # so long the hub may take to its first word, for an error to get its own status

router = Routes("ollama")
posts = Routes("ollama")
deletes = Routes("ollama")


@router.get("/api/version")
@router.add("/api/version", "HEAD", in_document=False)
async def version() -> dict[str, str]:
    """Which of Ollama's this is like."""
    return {"version": API_VERSION}


@router.get("/api/tags")
@router.add("/api/tags", "HEAD", in_document=False)
async def tags(services: Services) -> dict[str, list[Chunk]]:
    """All models whose weights are here, under all their names."""
    return {
        "models": [line for entry, status in _models(services) if is_here(status) for line in listed(entry, status)]
    }


@router.get("/api/ps")
async def ps(services: Services) -> dict[str, list[Chunk]]:
    """The models that are loaded."""
    pairs = [(entry, status) for entry, status in _models(services) if status.state is State.SERVING]
    return {"models": [running(entry, status) for entry, status in pairs]}


@posts.post("/api/show")
async def show(body: ShowBody, request: Request) -> Response:
    """All that is known of a model."""
    services = services_of(request)
    entry = find(services, body.asked)
    return json_answer(shown(entry, _status(services, entry)))


@posts.post("/api/pull")
async def pull(body: PullBody, request: Request) -> Response:
    """Bring a model's weights here. Afterwards it has the name that it was asked for by, too."""
    services, name = services_of(request), body.asked
    entry = services.supervisor.models.get(name)
    if entry is not None and is_here(_status(services, entry)):
        return Response(OLLAMA.write([SUCCESS]), media_type=OLLAMA.media_type)
    began = services.pulls.start(body.order() if entry is None else _order_of(entry, body))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BEGIN_S):
            await began.begun()
    lines = _lines(services.supervisor, began, name)
    if body.streams:
        return OwningStream(_written(lines), OLLAMA.media_type, contextlib.AsyncExitStack())
    return json_answer([line async for line in lines][-1])


@posts.post("/api/copy")
async def copy(body: CopyBody, request: Request) -> Response:
    """One more name for a model."""
    services = services_of(request)
    entry = find(services, body.source)
    await services.supervisor.copy(entry.id, body.destination.removesuffix(":latest"))
    return Response()


@deletes.delete("/api/delete")
async def delete(body: DeleteBody, request: Request) -> Response:
    """Forget a copied name, or a model with its weights."""
    services = services_of(request)
    try:
        await services.supervisor.remove(body.asked)
    except ModelNotFoundError as error:
        raise ModelNotFoundError(f"model {body.asked!r} not found", param="model") from error
    return Response()


@router.post("/api/create", in_document=False)
@router.post("/api/push", in_document=False)
@router.post("/api/blobs/{digest}", in_document=False)
@router.add("/api/blobs/{digest}", "HEAD", in_document=False)
async def not_served(request: Request) -> Response:
    """This server makes no models and gives none away."""
    raise NotServedError(
        f"{request.url.path} is not served: models come from the hub (POST /api/pull) or as files in the models "
        "directory; system messages, parameters and templates come with requests or from models.json"
    )


async def _lines(supervisor: Supervisor, pull: Pull, name: str) -> AsyncIterator[Chunk]:
    """All that is told of a pull, up to its success; RequestError without it."""
    last: Chunk | None = None
    async for status in pull.follow():
        line = line_of(status)
        if line is not None and line != last:
            yield line
        last = line
        if status.state is PullState.COMPLETE:
            await _name(supervisor, status, name)
            yield SUCCESS
        elif status.state.has_ended:
            pull.check()


async def _name(supervisor: Supervisor, status: PullStatus, name: str) -> None:
    """Ollama's programs go on with the name that they pulled by."""
    if not status.models or supervisor.models.get(name) is not None:
        return
    try:
        await supervisor.copy(status.models[0], name.removesuffix(":latest"))
    except RequestError as error:  # its own name it has at any rate
        log.warning("model %s can't be called %r: %s", status.models[0], name, error)


async def _written(lines: AsyncIterator[Chunk]) -> AsyncIterator[bytes]:
    try:
        async for line in lines:
            yield OLLAMA.write([line])
    except RequestError as error:
        yield OLLAMA.write([OLLAMA.error(error)])


def _order_of(entry: ModelEntry, body: PullBody) -> PullOrder:
    """A model that is known and not here is pulled from where models.json says."""
    source = entry.source
    if source is None:
        return body.order()
    return PullOrder(source.repo, source.file or entry.file, source.revision, source.sha256)


def _models(services: Services) -> list[tuple[ModelEntry, Status]]:
    return list(zip(services.supervisor.models.models, services.supervisor.statuses(), strict=True))


def _status(services: Services, entry: ModelEntry) -> Status:
    status = services.supervisor.status(entry.id)
    assert status is not None  # it was found just now
    return status
