"""Assembles the HTTP application: routes, layers, error answers. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from serve.answers.errors import error_response
from serve.errors import InvalidRequestError, MethodNotAllowedError, NotFoundError, RequestError
from serve.http.access import Access
from serve.http.body import Body
from serve.http.disconnect import CancelOnDisconnect
from serve.http.mistakes import first_mistake
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
from serve.routes.json_route import OnError, Shortcut
from serve.security.cors import with_cors
from serve.security.guard import Guard
from serve.security.setup import Security, make_security
from serve.services import Services
from serve.telemetry.traces import Tracer


def create_app(services: Services, tracer: Tracer | None = None, security: Security | None = None) -> ASGIApp:
    """The application over a set of services. From outside: Access, CORS, Guard, Body, CancelOnDisconnect, routes."""
    app = FastAPI(title="Slipway", docs_url=None, redoc_url=None, openapi_url=None)  # document.py has it
    app.state.services = services
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
    routers = (*posts, *(module.router for module in others), ollama_models.deletes)
    for router in routers:
        app.include_router(router)
    for kind, answer in _ERRORS.items():
        app.add_exception_handler(kind, _handler(answer))
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    app.add_exception_handler(HTTPException, partial(_http_error, routes))
    settings, supervisor = services.settings, services.supervisor
    security = security or make_security(settings)
    inner = CancelOnDisconnect(Shortcut(app, posts, _ERRORS))
    guarded = Guard(Body(inner, max_bytes=settings.max_body_bytes, body_s=settings.body_s), security)
    shared = with_cors(guarded, security.origins)
    return Access(shared, metrics=services.metrics, tracer=tracer, is_leaving=lambda: supervisor.is_draining)


def create_metrics_app(services: Services) -> FastAPI:
    """What listens on the metrics port: only that, so that it can be open to Prometheus and to nobody else."""
    app = FastAPI(title="Slipway metrics", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    app.include_router(metrics.router)
    return app


def _request_error(path: str, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestError)
    return error_response(path, error)


def _validation_error(path: str, error: Exception) -> JSONResponse:
    """Names the first wrong field, its value and what is allowed."""
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if errors[0]["type"] == "json_invalid":
        return error_response(path, InvalidRequestError(f"the body is not valid JSON: {errors[0]['ctx']['error']}"))
    body = from_json(error.body) if isinstance(error.body, bytes) else error.body  # FastAPI's own routes have it parsed
    place, shown, message = first_mistake(errors, body)
    field = ".".join(map(str, place))
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return error_response(
        path, InvalidRequestError(f"{field or 'the body'} is {shown}: {message}", param=field or None)
    )


_ERRORS: dict[type[Exception], OnError] = {
    RequestError: _request_error,
    RequestValidationError: _validation_error,
}


def _handler(answer: OnError) -> Callable[[Request, Exception], Response]:
    return lambda request, error: answer(request.url.path, error)


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
