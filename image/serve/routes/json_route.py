"""POST routes with a JSON body, past FastAPI's machinery, which takes longer than all the rest of a short request.

FastAPI still knows them: it writes the OpenAPI document of their types and answers for wrong methods.
"""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Callable, Iterable, Mapping

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIRouter
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

Handle = Callable[[Request], Awaitable[Response]]
OnError = Callable[[str, Exception], Response]
"""Of a path and what went wrong there."""


class JsonRoute(APIRoute):
    """An endpoint of `body`, `request` and the names in its path. The body goes from bytes to its type in one step."""

    def get_route_handler(self) -> Callable[[Request], typing.Coroutine[typing.Any, typing.Any, Response]]:
        """What runs for a request; FastAPI's hook for it."""
        body_type: type[BaseModel] = typing.get_type_hints(self.endpoint)["body"]
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            raw = await request.body()
            try:
                body = body_type.model_validate_json(raw)
            except ValidationError as error:
                raise RequestValidationError(error.errors(include_url=False), body=raw) from error
            response: Response = await endpoint(body=body, request=request, **request.path_params)
            return response

        return handle


class Shortcut:
    """ASGI middleware outside FastAPI: takes POSTs to paths of JsonRoutes, passes everything else on."""

    def __init__(self, app: ASGIApp, routers: Iterable[APIRouter], errors: Mapping[type[Exception], OnError]) -> None:
        self._app = app
        self._errors = dict(errors)
        found = [route for router in routers for route in router.routes if isinstance(route, JsonRoute)]
        self._routes: dict[str, tuple[JsonRoute, Handle]] = {
            route.path: (route, route.get_route_handler()) for route in found if "{" not in route.path
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        found = self._routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], handle = found
        scope["app"] = self._app
        try:
            response = await handle(Request(scope, receive))
        except tuple(self._errors) as error:
            response = next(answer for kind, answer in self._errors.items() if isinstance(error, kind))(
                scope["path"], error
            )
        await response(scope, receive, send)
