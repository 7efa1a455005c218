"""Health, for probes, load balancers and people.

    /health          200 while the server runs, whatever `status` says; only the first load is 503
    /health/live     the HTTP loop turns                                                              /healthz
    /health/ready    a request would be served: a model serves or would be loaded, there is memory    /ready
    /health/startup  no model is in its first load any more (when it failed, readiness says why; no restart helps)
    /health/deep     one token from a model that is loaded; it loads none

All but deep only read values in this process, so they answer at once however busy the workers are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.responses import JSONResponse

from serve import container
from serve.engine.types import Embedded, Finished, Task
from serve.errors import OverloadedError, QueueTimeoutError, RequestError
from serve.messages import GenerateRequest, TextPrompt
from serve.routes.table import Routes
from serve.services import Services
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status

router = Routes("health")
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def _probe(*paths: str) -> Callable[[Endpoint], Endpoint]:
    """GET, and HEAD, with which balancers and Ollama's clients ask."""

    def add(endpoint: Endpoint) -> Endpoint:
        for path in paths:
            router.get(path)(endpoint)
            router.add(path, "HEAD", in_document=False)(endpoint)
        return endpoint

    return add


@_probe("/")
async def root(services: Services) -> dict[str, Any]:
    """What this is."""
    return {
        "service": "slipway",
        "status": _word(services),
        "models": [s.model for s in services.supervisor.statuses()],
    }


@_probe("/health", "/v1/health")
async def health(services: Services) -> JSONResponse:
    """200 while the server runs, whatever `status` says. Only the first load is 503: programs wait for its end so."""
    told = {
        "status": _word(services),
        "proxy": "running",
        "timestamp": int(time.time()),
        "models": {s.model: _model(s) for s in services.supervisor.statuses()},
    }
    return JSONResponse(told, status_code=200 if services.supervisor.has_started else 503)


@_probe("/health/live", "/healthz")
async def live() -> dict[str, str]:
    """The HTTP loop turns."""
    return {"status": "alive"}


@_probe("/health/ready", "/ready")
async def ready(services: Services) -> JSONResponse:
    """200 when a request would be served, else 503 and why."""
    memory = container.read_memory()
    more: dict[str, Any] = {"memory": _memory(memory)}
    if services.supervisor.is_draining:
        return _verdict(services, more, ok=False)
    if not services.supervisor.statuses():
        return _verdict(services, {"status": "unhealthy", "reason": "no model"} | more, ok=False)
    if memory.is_short(services.settings.ready_memory_share):
        reason = f"memory: {memory.used_bytes} of {memory.total_bytes} bytes are taken"
        return _verdict(services, {"status": "unhealthy", "reason": reason} | more, ok=False)
    return _verdict(services, more, ok=services.supervisor.is_ready)


@_probe("/health/startup")
async def startup(services: Services) -> JSONResponse:
    """200 when no model is in its first load any more."""
    return _verdict(services, {}, ok=services.supervisor.has_started)


@_probe("/health/deep")
async def deep(services: Services) -> JSONResponse:
    """One token from the first model that is loaded, within a few seconds. It never loads one: that takes minutes."""
    started = time.monotonic()
    about: dict[str, Any] = {
        "color": services.settings.colour,
        "container_id": container.container_id(),
        "memory": _memory(container.read_memory()),
    }
    serving = [s for s in services.supervisor.statuses() if s.state is State.SERVING]
    if not serving or services.supervisor.is_draining:
        is_ready = services.supervisor.is_ready
        word = _word(services) if is_ready or services.supervisor.statuses() else "unhealthy"
        reason = "no model is loaded" if not services.supervisor.is_draining else "the server is about to stop"
        told = about | {"status": word, "reason": reason, "model": None, "num_tokens": 0}
        return JSONResponse(told, status_code=200 if is_ready else 503)
    about["model"] = serving[0].model
    try:
        async with asyncio.timeout(services.settings.deep_s):
            about["num_tokens"] = await _one_token(services, serving[0])
    except (OverloadedError, QueueTimeoutError) as error:
        return JSONResponse(about | {"status": "busy", "reason": str(error)}, status_code=503)
    except RequestError as error:
        return JSONResponse(about | {"status": "unhealthy", "reason": str(error)}, status_code=503)
    except TimeoutError:
        reason = f"there was no token within {services.settings.deep_s:g} s"
        return JSONResponse(about | {"status": "unhealthy", "reason": reason}, status_code=503)
    return JSONResponse(about | {"status": "healthy", "duration_s": round(time.monotonic() - started, 3)})


async def _one_token(services: Services, status: Status) -> int:
    """From a model that only makes vectors, one of those: as many tokens as it read."""
    generates = status.info is None or status.info.generates
    wait_s = services.settings.deep_s * 0.9  # so that a full server says that it is full
    request = GenerateRequest(TextPrompt(("Hello",)), max_tokens=1, wait_s=wait_s)
    if not generates:
        request = GenerateRequest(TextPrompt(("Hello",)), task=Task.EMBED, wait_s=wait_s)
    num_tokens = 0
    async with services.generation(status.model, [request]) as batches:
        async for batch in batches:
            num_tokens += sum(told.num_generated_tokens for _, told in batch if isinstance(told, Finished))
            num_tokens += sum(told.num_prompt_tokens for _, told in batch if isinstance(told, Embedded))
    return num_tokens


def _verdict(services: Services, more: dict[str, Any], *, ok: bool) -> JSONResponse:
    models = {s.model: _model(s) for s in services.supervisor.statuses()}
    return JSONResponse({"status": _word(services), "models": models} | more, status_code=200 if ok else 503)


def _word(services: Services) -> str:
    """A server that has no model yet is as it should be: there is nothing that it can't do."""
    if services.supervisor.is_draining:
        return "draining"
    if services.supervisor.is_ready or not services.supervisor.statuses():
        return "healthy"
    return "unhealthy" if services.supervisor.has_started else "starting"


def _model(status: Status) -> dict[str, Any]:
    told: dict[str, Any] = {"state": status.state.value}
    if status.reason:
        told["reason"] = status.reason
    if status.state is State.LOADING:
        told["loaded_share"] = round(status.load_share, 2)
    return told


def _memory(memory: container.Memory) -> dict[str, Any]:
    return {"used_bytes": memory.used_bytes, "total_bytes": memory.total_bytes, "is_limit": memory.is_bound}
