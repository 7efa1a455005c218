"""Health, for probes, load balancers and people.

    live     the HTTP loop turns
    ready    at least one model serves, and no drain has begun
    startup  no model is in its first load any more (when it failed, readiness says why; no restart helps)
    deep     one token from a model

All but deep only read values in this process, so they answer at once however busy the workers are.
"""

from __future__ import annotations

import socket
import time
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from serve.engine.types import Finished
from serve.errors import RequestError
from serve.lifecycle import State
from serve.messages import GenerateRequest, TextPrompt
from serve.ports import Status
from serve.services import Services, TheServices

router = APIRouter(tags=["health"])


@router.get("/")
async def root(services: TheServices) -> dict[str, Any]:
    """What this is."""
    return {
        "service": "slipway",
        "status": _word(services),
        "models": [s.model for s in services.supervisor.statuses()],
    }


@router.get("/health")
@router.get("/v1/health")
@router.get("/healthz")
async def health(services: TheServices) -> JSONResponse:
    """200 while the server runs, whatever `status` says. Only the first load is 503: programs wait for its end so."""
    told = {
        "status": _word(services),
        "proxy": "running",
        "timestamp": int(time.time()),
        "models": {s.model: _model(s) for s in services.supervisor.statuses()},
    }
    return JSONResponse(told, status_code=200 if services.supervisor.has_started else 503)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The HTTP loop turns."""
    return {"status": "alive"}


@router.get("/ready")
@router.get("/health/ready")
async def ready(services: TheServices) -> JSONResponse:
    """200 when a request would be served, else 503 and why."""
    return _verdict(services, ok=services.supervisor.is_ready)


@router.get("/health/startup")
async def startup(services: TheServices) -> JSONResponse:
    """200 when no model is in its first load any more."""
    return _verdict(services, ok=services.supervisor.has_started)


@router.get("/health/deep")
async def deep(services: TheServices) -> JSONResponse:
    """One token from the first model that serves."""
    started = time.monotonic()
    serving = [s.model for s in services.supervisor.statuses() if s.state is State.SERVING]
    about = {"color": services.settings.colour, "container_id": socket.gethostname()}
    if not serving:
        return JSONResponse(about | {"status": _word(services)}, status_code=503)
    try:
        num_tokens = await _one_token(services, serving[0])
    except RequestError as error:
        return JSONResponse(about | {"status": "unhealthy", "reason": str(error)}, status_code=503)
    about |= {"status": "healthy", "model": serving[0]}
    return JSONResponse(about | {"num_tokens": num_tokens, "duration_s": round(time.monotonic() - started, 3)})


async def _one_token(services: Services, model: str) -> int:
    num_tokens = 0
    async with services.generation(model, [GenerateRequest(TextPrompt(("Hello",)), max_tokens=1)]) as batches:
        async for batch in batches:
            num_tokens += sum(told.num_generated_tokens for _, told in batch if isinstance(told, Finished))
    return num_tokens


def _verdict(services: Services, *, ok: bool) -> JSONResponse:
    models = {s.model: _model(s) for s in services.supervisor.statuses()}
    return JSONResponse({"status": _word(services), "models": models}, status_code=200 if ok else 503)


def _word(services: Services) -> str:
    if services.supervisor.is_draining:
        return "draining"
    if services.supervisor.is_ready:
        return "healthy"
    return "unhealthy" if services.supervisor.has_started else "starting"


def _model(status: Status) -> dict[str, Any]:
    told: dict[str, Any] = {"state": status.state.value}
    if status.reason:
        told["reason"] = status.reason
    if status.state is State.LOADING:
        told["loaded_share"] = round(status.load_share, 2)
    return told
