"""A table of routes: which endpoint is asked by which path, and where in a request its arguments are.

An endpoint names what it wants: `request`, `services`, a `body` (JSON, from bytes to its type in one step), parts of
its path; every other argument is of the query, a text. What it returns is an answer, or becomes one as JSON.

Starlette serves the table, and only what no path names outright gets as far as its router. FastAPI writes the document
of it (openapi/document.py): it is imported when somebody asks for that, as it would take a third of a server's start.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.answers.errors import error_response
from serve.errors import InvalidRequestError, MethodNotAllowedError, NotFoundError, RequestError
from serve.http.mistakes import refusal
from serve.routes.answering import json_answer
from serve.services import services_of

Endpoint = Callable[..., Awaitable[object]]
Handle = Callable[[Request], Awaitable[Response]]
_E = typing.TypeVar("_E", bound=Endpoint)
_NAME = re.compile(r"{(\w+)")


@dataclass(frozen=True, slots=True)
class Declared:
    """One route. `tag` says in the document whose API it is; where `in_document` is off, it is another name of one."""

    path: str
    methods: tuple[str, ...]
    endpoint: Endpoint
    tag: str
    in_document: bool


class Routes:
    """Those of one module, in the order in which they are looked through."""

    def __init__(self, tag: str) -> None:
        self.declared: list[Declared] = []
        self._tag = tag

    def add(self, path: str, *methods: str, in_document: bool = True) -> Callable[[_E], _E]:
        """Declares the function below it."""

        def declare(endpoint: _E) -> _E:
            self.declared.append(Declared(path, methods, endpoint, self._tag, in_document))
            return endpoint

        return declare

    def get(self, path: str, *, in_document: bool = True) -> Callable[[_E], _E]:
        """Asks only."""
        return self.add(path, "GET", in_document=in_document)

    def post(self, path: str, *, in_document: bool = True) -> Callable[[_E], _E]:
        """Has something done."""
        return self.add(path, "POST", in_document=in_document)

    def delete(self, path: str, *, in_document: bool = True) -> Callable[[_E], _E]:
        """Has something removed."""
        return self.add(path, "DELETE", in_document=in_document)


def body_of(endpoint: Endpoint) -> tuple[type[BaseModel] | None, bool]:
    """The type of its body, and may a request have none?"""
    hint = typing.get_type_hints(endpoint).get("body")
    if isinstance(hint, types.UnionType):
        (hint,) = (each for each in typing.get_args(hint) if each is not types.NoneType)
        return hint, True
    return hint, False


def handle_of(declared: Declared) -> Handle:
    """From a request to its answer."""
    endpoint = declared.endpoint
    names = set(inspect.signature(endpoint).parameters)
    in_path = names & set(_NAME.findall(declared.path))
    in_query = names - in_path - {"request", "services", "body"}
    body_type, may_lack_body = body_of(endpoint)

    async def handle(request: Request) -> Response:
        arguments: dict[str, object] = {name: request.path_params[name] for name in in_path}
        arguments |= {name: request.query_params[name] for name in in_query if name in request.query_params}
        if "request" in names:
            arguments["request"] = request
        if "services" in names:
            arguments["services"] = services_of(request)
        if body_type is not None:
            raw = await request.body()
            lacks_body = may_lack_body and raw.strip() in (b"", b"null")
            arguments["body"] = None if lacks_body else _read(body_type, raw)
        told = await endpoint(**arguments)
        return told if isinstance(told, Response) else json_answer(told)

    return handle


def _read(body_type: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return body_type.model_validate_json(raw)
    except ValidationError as error:
        raise refusal(error, raw) from error


class Route(StarletteRoute):
    """For Starlette's router. Takes exactly its methods, and says which it is: requests are counted by that."""

    def __init__(self, declared: Declared) -> None:
        super().__init__(declared.path, handle_of(declared))
        self.methods: set[str] = set(declared.methods)
        # Starlette's end of a path stands before a last line break, too: what guards a path would not know it.
        self.path_regex = re.compile(self.path_regex.pattern.removesuffix("$") + r"\Z")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Is it asked?"""
        match, found = super().matches(scope)
        return match, (found if match is Match.NONE else {**found, "route": self})


def router_of(declared: Iterable[Declared]) -> tuple[Starlette, list[Route]]:
    """What serves a table, with its errors as answers; and its routes."""
    routes = [Route(each) for each in declared]
    handlers: dict[Any, Any] = {RequestError: _request_error, HTTPException: partial(_http_error, routes)}
    return Starlette(routes=routes, exception_handlers=handlers), routes


def _request_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return error_response(request.url.path, error)


def _methods(routes: Iterable[Route], path: str) -> set[str]:
    """What it takes. Starlette tells those of the first route that it finds there, not of all."""
    return {method for route in routes if route.path_regex.match(path) for method in route.methods}


async def _http_error(routes: Iterable[Route], request: Request, error: Exception) -> Response:
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


class Shortcut:
    """ASGI middleware in front of the router: takes what a path names outright, passes everything else on."""

    def __init__(self, app: ASGIApp, routes: Iterable[Route]) -> None:
        self._app = app
        self._found = {(method, each.path): each for each in routes if "{" not in each.path for method in each.methods}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        found = self._found.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], scope["app"] = found, self._app
        try:
            response = await found.endpoint(Request(scope, receive))
        except RequestError as error:
            response = error_response(scope["path"], error)
        await response(scope, receive, send)
