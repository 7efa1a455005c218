"""/openapi.json: made when somebody asks for the first time, beside the event loop, as it takes a moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from serve.routes.table import Declared, Routes
from serve.services import services_of
from serve.settings import Settings

router = Routes("document")


@router.get("/openapi.json", in_document=False)
async def openapi(request: Request) -> Response:
    """The document of the whole API."""
    state = request.app.state
    if not hasattr(state, "document"):
        state.document = await asyncio.to_thread(_written, state.routes, services_of(request).settings)
    return Response(state.document, media_type="application/json")


def _written(routes: Sequence[Declared], settings: Settings) -> bytes:
    from serve.openapi.document import document  # with FastAPI, for nobody else

    found = document(routes)
    if settings.slot_save_dir is None:
        del found["paths"]["/slots/{id_slot}"]  # every order would be a 501
    return json.dumps(found, ensure_ascii=False).encode()
