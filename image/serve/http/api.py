"""Assembles the HTTP application: routes, layers, error answers. Decides nothing itself."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import ASGIApp

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
from serve.routes.table import Declared, Route, Shortcut, router_of
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
    app, routes = _app(services, declared)
    settings, supervisor = services.settings, services.supervisor
    security = security or make_security(settings)
    inner = CancelOnDisconnect(Shortcut(app, routes))
    guarded = Guard(Body(inner, max_bytes=settings.max_body_bytes, body_s=settings.body_s), security)
    shared = with_cors(guarded, security.origins)
    return Access(shared, metrics=services.metrics, tracer=tracer, is_leaving=lambda: supervisor.is_draining)


def create_metrics_app(services: Services) -> ASGIApp:
    """What listens on the metrics port: only that, so that it can be open to Prometheus and to nobody else."""
    app, _ = _app(services, metrics.router.declared)
    return app


def _app(services: Services, declared: list[Declared]) -> tuple[Starlette, list[Route]]:
    app, routes = router_of(declared)
    app.state.services, app.state.routes = services, declared
    return app, routes
