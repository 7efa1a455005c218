"""Web pages of other origins: none may read an answer, unless SLIPWAY_CORS_ORIGINS names theirs."""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from serve.security.origins import ANY

METHODS: Final = ("GET", "POST", "DELETE", "OPTIONS")
EXPOSED: Final = ("x-request-id", "retry-after", "www-authenticate")


def with_cors(app: ASGIApp, origins: frozenset[str]) -> ASGIApp:
    """The same for pages of these origins. Credentials are for those that are named, never for all."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(origins),
        allow_methods=METHODS,
        allow_headers=["*"],
        allow_credentials=ANY not in origins,
        expose_headers=EXPOSED,
    )
