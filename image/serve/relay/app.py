"""The relay's paths: its own health and page, what is asked of all servers, and everything else, which goes to one."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from serve.http.access import Access
from serve.http.body import Body
from serve.http.disconnect import CancelOnDisconnect
from serve.relay.relay import Relay, health_of
from serve.relay.shelf import Shelf
from serve.routes import ui
from serve.routes.table import Routes, router_of
from serve.settings import Settings
from serve.telemetry.metrics import Metrics

ALL = ("/ui/state", "/v1/models", "/models", "/api/tags", "/api/ps")
"""Asked of every server: GET."""
HISTORY = "/chat/{user_id}/history"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def create_app(relay: Relay, shelf: Shelf, settings: Settings, is_leaving: Callable[[], bool]) -> ASGIApp:
    """From outside: Access, Body, CancelOnDisconnect, routes."""
    routes, others = Routes("relay"), Routes("relay")

    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    async def health() -> JSONResponse:
        return JSONResponse({"service": "slipway", **health_of(shelf)})

    async def ready() -> JSONResponse:
        can_serve = shelf.is_ready and not is_leaving()
        return JSONResponse(health_of(shelf), status_code=200 if can_serve else 503)

    async def to_all(request: Request) -> Response:
        return await relay.all(request)

    async def to_one(request: Request) -> Response:
        return await relay.one(request)

    for endpoint, paths in {
        alive: ("/health/live", "/healthz"),
        health: ("/", "/health", "/v1/health"),
        ready: ("/health/ready", "/ready", "/health/startup"),
    }.items():
        for path in paths:
            routes.add(path, "GET", "HEAD")(endpoint)
    for path in ALL:
        routes.get(path)(to_all)
    routes.add(HISTORY, "GET", "DELETE")(to_all)
    routes.delete("/chat/{user_id}")(to_all)
    others.add("/{path:path}", *METHODS)(to_one)
    app, _ = router_of([*routes.declared, *ui.router.declared, *others.declared])
    inner = Body(CancelOnDisconnect(app), max_bytes=settings.max_body_bytes, body_s=settings.body_s)
    return Access(inner, metrics=Metrics(lambda: ()), is_leaving=is_leaving)
