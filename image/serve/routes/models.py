"""Models that come and go: load, unload, look for new ones, remove. Who may do it is not decided here.

/models/load and /models/unload are llama.cpp's names; here the answer comes when it is done.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from serve.routes.answering import json_answer
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.wire.models import ModelOrder

router = Routes("models")
posts = Routes("models")


@posts.post("/v1/models/load")
@posts.post("/models/load", in_document=False)
async def load(body: ModelOrder, request: Request) -> Response:
    """Load a model, whatever it was set to, and answer when it serves. Idle models may have to go for it."""
    services = services_of(request)
    entry = await services.supervisor.load(body.model)
    return json_answer(_told(services, entry.id))


@posts.post("/v1/models/unload")
@posts.post("/models/unload", in_document=False)
async def unload(body: ModelOrder, request: Request) -> Response:
    """Let a model's requests end, and answer when its memory is free. The next request for it loads it again."""
    services = services_of(request)
    entry = await services.supervisor.unload(body.model)
    return json_answer(_told(services, entry.id))


@router.post("/v1/models/discover")
async def discover(services: Services) -> dict[str, Any]:
    """Look at the models directory now, not at the next round. `models` are those that were not there before."""
    return {"success": True, "models": await services.supervisor.discover()}


@router.delete("/v1/models/{name:path}")
async def remove(name: str, services: Services) -> dict[str, Any]:
    """Remove a discovered model with its files, or a copied name. What is configured stays: that is a 409."""
    await services.supervisor.remove(name)
    return {"id": name, "object": "model", "deleted": True}


def _told(services: Services, model: str) -> dict[str, Any]:
    status = services.supervisor.status(model)
    state = "absent" if status is None else status.state.value
    return {"success": True, "model": model, "state": state}
