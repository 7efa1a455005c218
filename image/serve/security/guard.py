"""ASGI middleware: nothing behind it runs for who may not ask. It looks at the head only: no body is read before.

    who asks                 models and all reading      what changes the server (admin.py)
    no key is configured     open                        open, where it is on at all
    keys, no admin keys      a key                       a key, where it is on at all
    admin keys, no keys      open                        an admin key
    both                     either                      an admin key

Open to all: what probes and load balancers ask, and the page at /ui itself, which asks its user for a key. All the rest
needs one, paths that do not exist included. `/health/deep` does, because it computes; so does `/metrics`, because it
says who uses what: Prometheus has a port of its own, which network policies open to nobody else.
"""

from __future__ import annotations

import contextlib
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serve.answers.errors import error_response
from serve.errors import ForbiddenError, RequestError, UnauthorizedError
from serve.http.body import may_send_no_body
from serve.security import admin
from serve.security.keys import Key
from serve.security.origins import is_foreign
from serve.security.setup import Security

PUBLIC: Final = frozenset(
    {"/", "/health", "/v1/health", "/healthz", "/ready", "/health/live", "/health/ready", "/health/startup"}
)
PAGE: Final = "/ui"
STATE: Final = "/ui/state"  # what it shows: no part of the page
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
PRIORITY: Final = b"x-priority"
_REALM = 'Bearer realm="slipway"'


class Guard:
    """Lets requests through, or answers them."""

    def __init__(self, app: ASGIApp, security: Security) -> None:
        self._app = app
        self._ring = security.ring
        self._limits = security.limits
        self._admin_is_on = security.admin_is_on
        self._origins = security.origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with contextlib.ExitStack() as stack:
            try:
                key = self._check(scope["method"], scope["path"], Headers(scope=scope))
                _tell(scope, key)
                scope["state"]["may_change"] = not self._ring.has_admin_keys or (key is not None and key.is_admin)
                if key is not None and scope["method"] not in READING:
                    stack.enter_context(self._limits.use(key))
            except RequestError as error:
                await _refuse(scope, receive, send, error)
                return
            await self._app(scope, receive, send)

    def _check(self, method: str, path: str, headers: Headers) -> Key | None:
        """Whose request it is, as far as that is asked; or why it is refused."""
        key = self._find(headers)
        operation = admin.operation(method, path)
        if operation is not None:
            self._check_admin(operation, key, headers)
        elif key is None and self._ring.asks_for_keys and not _is_open(method, path):
            raise _no_key(headers)
        return key

    def _check_admin(self, operation: str, key: Key | None, headers: Headers) -> None:
        if not self._admin_is_on:
            raise ForbiddenError(
                f"this server does not let anybody {operation}: SLIPWAY_ADMIN_ROUTES is not on, and neither are there "
                "admin keys nor does it look for models itself"
            )
        if self._ring.has_admin_keys and key is not None and not key.is_admin:
            raise ForbiddenError(f"the key {key.name!r} may not {operation}: an admin key may")
        if key is not None:
            return
        if self._ring.has_admin_keys or self._ring.asks_for_keys:
            raise _no_key(headers)
        if is_foreign(headers.get("origin"), headers.get("host", ""), self._origins):
            raise ForbiddenError(f"a page of {headers['origin'][:80]!r} may not {operation}: SLIPWAY_CORS_ORIGINS may"
                                 " name it")  # fmt: skip

    def _find(self, headers: Headers) -> Key | None:
        """Some gateways put a word of their own into one header: the other one may still have the key."""
        for given in _given(headers):
            if (key := self._ring.find(given.encode("latin-1"))) is not None:
                return key
        return None


def _given(headers: Headers) -> list[str]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return [each for each in (bearer, headers.get("x-api-key", "").strip()) if each]


def _is_open(method: str, path: str) -> bool:
    if method == "OPTIONS":
        return True  # tells what may be asked, never an answer; browsers send no key with it
    return method in READING and (path in PUBLIC or path == PAGE or path.startswith(f"{PAGE}/")) and path != STATE


def _no_key(headers: Headers) -> UnauthorizedError:
    if _given(headers):
        return UnauthorizedError("this API key is not known here")
    return UnauthorizedError("an API key is missing: the header Authorization: Bearer has it, or x-api-key")


def _tell(scope: Scope, key: Key | None) -> None:
    """For logs, and for whoever decides by it. A key's priority takes the place of what its owner would like."""
    state = scope.setdefault("state", {})
    state["key"] = key.name if key is not None else ""
    if key is not None and key.priority is not None:
        others = [(name, value) for name, value in scope["headers"] if name != PRIORITY]
        scope["headers"] = [*others, (PRIORITY, str(key.priority).encode())]


async def _refuse(scope: Scope, receive: Receive, send: Send, error: RequestError) -> None:
    """A body that still comes is dropped."""
    answer, headers = error_response(scope["path"], error), Headers(scope=scope)
    if isinstance(error, UnauthorizedError):
        answer.headers["www-authenticate"] = f'{_REALM}, error="invalid_token"' if _given(headers) else _REALM
    if may_send_no_body(scope):
        answer.headers["connection"] = "close"
    await answer(scope, receive, send)
