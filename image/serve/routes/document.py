"""/openapi.json: made when somebody asks for the first time, beside the event loop, as it takes a moment."""

from __future__ import annotations

import asyncio
import json

from fastapi import APIRouter, FastAPI, Request, Response

from serve.openapi.document import document

router = APIRouter()


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The document of the whole API."""
    state = request.app.state
    if not hasattr(state, "document"):
        state.document = await asyncio.to_thread(_written, request.app)
    return Response(state.document, media_type="application/json")


def _written(app: FastAPI) -> bytes:
    found = document(app)
    if app.state.services.settings.slot_save_dir is None:
        del found["paths"]["/slots/{id_slot}"]  # every order would be a 501
    return json.dumps(found, ensure_ascii=False).encode()
