"""Models that come and go: load, unload, look for new ones, remove. Who may do it is not decided here.

/models/load and /models/unload are llama.cpp's names; here the answer comes when it is done.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from serve.routes.answering import json_answer
from serve.routes.json_route import JsonRoute
from serve.services import Services, TheServices, services_of
from serve.wire.models import ModelOrder

router = APIRouter(tags=["models"])
posts = APIRouter(tags=["models"], route_class=JsonRoute)


@posts.post("/v1/models/load")
@posts.post("/models/load", include_in_schema=False)
async def load(body: ModelOrder, request: Request) -> Response:
    """Load a model, whatever it was set to, and answer when it serves. Idle models may have to go for it."""
    services = services_of(request)
    entry = await services.supervisor.load(body.model)
    return json_answer(_told(services, entry.id))


@posts.post("/v1/models/unload")
@posts.post("/models/unload", include_in_schema=False)
async def unload(body: ModelOrder, request: Request) -> Response:
    """Let a model's requests end, and answer when its memory is free. The next request for it loads it again."""
    services = services_of(request)
    entry = await services.supervisor.unload(body.model)
    return json_answer(_told(services, entry.id))


@router.post("/v1/models/discover")
async def discover(services: TheServices) -> dict[str, Any]:
    """Look at the models directory now, not at the next round. `models` are those that were not there before."""
    return {"success": True, "models": await services.supervisor.discover()}


@router.delete("/v1/models/{name:path}")
async def remove(name: str, services: TheServices) -> dict[str, Any]:
    """Remove a discovered model with its files, or a copied name. What is configured stays: that is a 409."""
    await services.supervisor.remove(name)
    return {"id": name, "object": "model", "deleted": True}


def _told(services: Services, model: str) -> dict[str, Any]:
    status = services.supervisor.status(model)
    state = "absent" if status is None else status.state.value
    return {"success": True, "model": model, "state": state}
