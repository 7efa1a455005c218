"""One request, to one server or to all of them. Bodies are whole already; answers are passed on piece by piece."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from serve.answers.errors import error_response
from serve.errors import InvalidRequestError, ModelNotFoundError, RequestError, UnavailableError
from serve.log import ID_HEADER, request_id
from serve.relay.merge import merge
from serve.relay.names import model_of
from serve.relay.settings import LOOK_S
from serve.relay.shelf import Seen, Shelf

CONNECT_S: Final = 5.0
Headers = list[tuple[bytes, bytes]]

_OF_ONE_CONNECTION: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"}
)
_OURS: Final = frozenset({b"content-length", ID_HEADER.encode()})
_THEIRS: Final = frozenset({b"date", b"server", b"request-id", ID_HEADER.encode()})


def make_client() -> httpx2.AsyncClient:
    """No proxy, no redirect, no time limit of its own: how long an answer may take is the server's to say."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=64)
    timeout = httpx2.Timeout(None, connect=CONNECT_S)
    return httpx2.AsyncClient(trust_env=False, follow_redirects=False, limits=limits, timeout=timeout)


class Asking:
    """What the shelf asks."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def __call__(self, server: str) -> Seen | None:
        """How a server is, and its models."""
        try:
            answer = await self._client.get(f"{server}/health/ready", timeout=LOOK_S)
            told = answer.json()
            return Seen(answer.status_code == 200, dict(told.get("models", {})))
        except (httpx2.HTTPError, ValueError, AttributeError, TypeError):
            return None


class Relay:
    """Sends requests on."""

    def __init__(self, client: httpx2.AsyncClient, shelf: Shelf) -> None:
        self._client = client
        self._shelf = shelf
        self.num_running = 0

    async def one(self, request: Request) -> Response:
        """To the server that has the model."""
        body = await request.body()
        try:
            server = await self._server_for(request, model_of(request.url.path, body))
            answer = await self._send(server, request, body, stream=True)
        except RequestError as error:
            return error_response(request.url.path, error)
        return _PassedOn(self, answer)

    async def all(self, request: Request) -> Response:
        """To every server that is there; what they say is one answer. An error is one only if all have one."""
        body = await request.body()
        sent = [self._send(server, request, body, stream=False) for server in self._shelf.there]
        found = await asyncio.gather(*sent, return_exceptions=True)
        answers = [each for each in found if isinstance(each, httpx2.Response)]
        good = [json.loads(each.content) for each in answers if each.status_code == 200]
        if good:
            return JSONResponse(merge(good))
        if answers:
            return Response(answers[0].content, answers[0].status_code, media_type="application/json")
        return error_response(request.url.path, _nobody())

    async def _server_for(self, request: Request, name: str | None) -> str:
        there = self._shelf.there
        if not there:
            raise _nobody()
        if name is None:
            # What a browser asks before it asks: all servers are set alike.
            if len(there) == 1 or request.method == "OPTIONS":
                return there[0]
            raise InvalidRequestError(f"no model is named: {', '.join(self._shelf.models)} are here", param="model")
        if found := self._shelf.find(name):
            return found
        # An alias, or a copied name: of those only the servers know.
        probes = [self._knows(server, request, name) for server in there]
        statuses = await asyncio.gather(*probes)
        if 200 in statuses:
            return there[statuses.index(200)]
        if 401 in statuses:  # let it say so itself
            return there[statuses.index(401)]
        raise ModelNotFoundError(f"there is no model {name!r}: {', '.join(self._shelf.models)} are here", param="model")

    async def _knows(self, server: str, request: Request, name: str) -> int:
        headers = _without(request.headers.raw, _OF_ONE_CONNECTION | _OURS)
        try:
            url = f"{server}/v1/models/{quote(name, safe='')}"
            return (await self._client.get(url, headers=headers, timeout=LOOK_S)).status_code
        except httpx2.HTTPError:
            return 0

    async def _send(self, server: str, request: Request, body: bytes, *, stream: bool) -> httpx2.Response:
        headers = _without(request.headers.raw, _OF_ONE_CONNECTION | _OURS)
        headers.append((ID_HEADER.encode(), request_id.get().encode()))  # one request, one id, in all logs
        raw_path = request.scope.get("raw_path") or request.url.path.encode()
        query = request.scope["query_string"]
        url = server + raw_path.decode("ascii") + (f"?{query.decode('ascii')}" if query else "")
        try:
            made = self._client.build_request(request.method, url, headers=headers, content=body or None)
            return await self._client.send(made, stream=stream)
        except httpx2.HTTPError as error:
            raise UnavailableError(
                f"the server of this model does not answer: {error or type(error).__name__}"
            ) from None


class _PassedOn(Response):
    """A server's answer, byte by byte as it comes. When the client leaves, the server hears of it."""

    def __init__(self, relay: Relay, answer: httpx2.Response) -> None:
        self._relay = relay
        self._answer = answer
        self.background = None
        self.status_code = answer.status_code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  as ASGI has it
        """Pass it on."""
        self._relay.num_running += 1
        try:
            headers = _without(self._answer.headers.raw, _OF_ONE_CONNECTION | _THEIRS)
            await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
            async for piece in self._answer.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._relay.num_running -= 1
            await self._answer.aclose()


def _without(headers: Iterable[tuple[bytes, bytes]], left_out: frozenset[bytes]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in left_out]


def _nobody() -> UnavailableError:
    return UnavailableError("no server of a model answers yet", retry_after_s=5)


def health_of(shelf: Shelf) -> dict[str, Any]:
    """As servers tell it: the word, and the models."""
    return {"status": "healthy" if shelf.is_ready else "starting", "models": shelf.models}
