"""Assembles the HTTP application: routes, layers, error answers. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp

from serve.answers.errors import error_response
from serve.errors import InvalidRequestError, MethodNotAllowedError, NotFoundError, RequestError
from serve.http.access import Access
from serve.http.body import Body
from serve.http.disconnect import CancelOnDisconnect
from serve.routes import (
    adapters,
    anthropic,
    chats,
    document,
    health,
    llamacpp,
    metrics,
    models,
    ollama,
    ollama_models,
    openai,
    pull,
    responses,
    simple,
    slots,
    ui,
    vectors,
)
from serve.routes.table import Declared, Route, Shortcut
from serve.security.cors import with_cors
from serve.security.guard import Guard
from serve.security.setup import Security, make_security
from serve.services import Services
from serve.telemetry.traces import Tracer


def create_app(services: Services, tracer: Tracer | None = None, security: Security | None = None) -> ASGIApp:
    """The application over a set of services. From outside: Access, CORS, Guard, Body, CancelOnDisconnect, routes."""
    posts = (
        openai.posts,
        responses.posts,
        anthropic.posts,
        vectors.posts,
        llamacpp.posts,
        simple.posts,
        chats.posts,
        pull.posts,
        models.posts,
        adapters.posts,
        ollama.posts,
        ollama_models.posts,
    )
    others = (health, metrics, models, openai, llamacpp, slots, chats, pull, ollama_models, ui, document)
    tables = (*posts, *(module.router for module in others), ollama_models.deletes)
    declared = [route for table in tables for route in table.declared]
    app = _app(services, declared)
    settings, supervisor = services.settings, services.supervisor
    security = security or make_security(settings)
    inner = CancelOnDisconnect(Shortcut(app, declared))
    guarded = Guard(Body(inner, max_bytes=settings.max_body_bytes, body_s=settings.body_s), security)
    shared = with_cors(guarded, security.origins)
    return Access(shared, metrics=services.metrics, tracer=tracer, is_leaving=lambda: supervisor.is_draining)


def create_metrics_app(services: Services) -> ASGIApp:
    """What listens on the metrics port: only that, so that it can be open to Prometheus and to nobody else."""
    return _app(services, metrics.router.declared)


def _app(services: Services, declared: Sequence[Declared]) -> Starlette:
    routes = [Route(each) for each in declared]
    handlers: dict[Any, Any] = {RequestError: _request_error, HTTPException: partial(_http_error, routes)}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.services, app.state.routes = services, declared
    return app


def _request_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)
    return error_response(request.url.path, error)


def _methods(routes: Sequence[Route], path: str) -> set[str]:
    """What it takes. Starlette tells those of the first route that it finds there, not of all."""
    return {method for route in routes if route.path_regex.match(path) for method in route.methods or ()}


async def _http_error(routes: Sequence[Route], request: Request, error: Exception) -> JSONResponse:
    """Starlette's own: no such path, wrong method, unreadable body."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        return error_response(path, NotFoundError(f"there is no {path} here"))
    if error.status_code == 405:
        answer = error_response(path, MethodNotAllowedError(f"{path} does not take {request.method}"))
        answer.headers["allow"] = ", ".join(sorted(_methods(routes, path)))
        return answer
    return error_response(path, InvalidRequestError(str(error.detail)))
