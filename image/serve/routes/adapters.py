"""LoRA adapters that come and go. Who may do it is not decided here; how much of each is used: /lora-adapters."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from serve.models import ModelEntry
from serve.routes.answering import json_answer
from serve.routes.table import Routes
from serve.services import services_of
from serve.supervision.adapters import load_adapter, unload_adapter
from serve.wire.adapters import AdapterName, AdapterOrder

posts = Routes("models")


@posts.post("/v1/lora/load")
async def load(body: AdapterOrder, request: Request) -> Response:
    """Load an adapter from the models directory; answers when requests may name it."""
    services = services_of(request)
    entry = await load_adapter(services.supervisor, services.settings.models_dir, body.model, body.entry())
    return _told(entry)


@posts.post("/v1/lora/unload")
async def unload(body: AdapterName, request: Request) -> Response:
    """Unload an adapter; answers when its memory is free."""
    return _told(await unload_adapter(services_of(request).supervisor, body.model, body.name))


def _told(entry: ModelEntry) -> Response:
    adapters = [
        {"id": index, "path": adapter.file, "name": adapter.name, "scale": adapter.scale}
        for index, adapter in enumerate(entry.adapters)
    ]
    return json_answer({"success": True, "model": entry.id, "adapters": adapters})
