"""HTTP with one API server: JSON in, JSON out, errors as ApiError, connections reused, hiccups retried.

Knows no kinds. A request that may have been carried out is sent again only when doing it twice is the same as once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import stamina

from tools.plugins.kubernetes.credentials import Credentials
from tools.plugins.kubernetes.errors import ApiError, UnreachableError
from tools.plugins.kubernetes.kubeconfig import Access
from tools.plugins.kubernetes.values import Object

USER_AGENT: Final = "pulumi-kubernetes (slipway stand-in)"
CONNECT_TIMEOUT_S: Final = 15.0
"""With the TLS handshake, for which a server on a busy machine may take its time."""
READ_TIMEOUT_S: Final = 60.0
NUM_CONNECTIONS: Final = 64
NUM_ATTEMPTS: Final = 6
RETRY_TIMEOUT_S: Final = 60.0

NOT_DONE: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""The server has not looked at the request."""
MAYBE_DONE: Final = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
_WARNING: Final = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server has said."""

    body: Object
    warnings: tuple[str, ...] = ()
    """Things it took, but does not like: a deprecated version, an unknown field, a pod that will not be admitted."""


class Client:
    """One API server; safe to use from many threads."""

    def __init__(
        self, access: Access, credentials: Credentials, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._access = access
        self._credentials = credentials
        self._extensions = {"sni_hostname": access.tls_server_name} if access.tls_server_name else {}
        self._http = httpx.Client(
            base_url=access.server,
            verify=credentials.tls() if access.server.startswith("https:") else False,
            transport=transport,
            proxy=access.proxy_url or None,
            trust_env=not is_local(access.server),
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S, pool=None),
            limits=httpx.Limits(max_connections=NUM_CONNECTIONS, max_keepalive_connections=NUM_CONNECTIONS),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )

    @property
    def server(self) -> str:
        """Where it is."""
        return self._access.server

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        num_attempts: int = NUM_ATTEMPTS,
    ) -> Answer:
        """Ask, again if need be. ApiError: the server refuses; UnreachableError: it does not answer."""
        attempts = stamina.retry_context(
            on=_is_worth_retrying(method), attempts=num_attempts, timeout=RETRY_TIMEOUT_S, wait_initial=0.2
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._ask(method, path, params or {}, body, content_type)
        except httpx.TransportError as e:
            raise UnreachableError(f"the API server {self.server} does not answer: {_text_of(e)}") from e
        raise AssertionError("retry_context ends by returning or raising")

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Any,
        content_type: str,
        *,
        is_second: bool = False,
    ) -> Answer:
        response = self._http.request(
            method,
            path,
            params=params,
            json=body,
            headers={**self._credentials.headers(), **({"Content-Type": content_type} if body is not None else {})},
            extensions=self._extensions,
        )
        if response.status_code == HTTPStatus.UNAUTHORIZED and not is_second and self._credentials.renew():
            return self._ask(method, path, params, body, content_type, is_second=True)
        if response.is_error:
            raise _error(response)
        warnings = _WARNING.findall(response.headers.get("Warning", ""))
        return Answer(response.json(), tuple(text.replace('\\"', '"') for text in warnings))


def is_local(server: str) -> bool:
    """Whether a server is on this machine: proxies from the environment are not for it."""
    host = urlsplit(server).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _is_worth_retrying(method: str) -> Callable[[Exception], bool | float]:
    is_repeatable = method != "POST"

    def judge(error: Exception) -> bool | float:
        if isinstance(error, ApiError):
            if error.status in NOT_DONE:
                return float(error.details.get("retryAfterSeconds") or 0) or True
            return is_repeatable and error.status in MAYBE_DONE
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return True
        return is_repeatable and isinstance(error, httpx.TransportError)

    return judge


def _error(response: httpx.Response) -> ApiError:
    code = response.status_code
    try:
        status = response.json()
    except ValueError:
        status = {}
    if not isinstance(status, dict) or status.get("kind") != "Status":
        return ApiError(code, "", f"{response.text.strip()[:500] or response.reason_phrase} (HTTP {code})")
    message = f"{status.get('message') or response.reason_phrase} (HTTP {code})"
    return ApiError(code, status.get("reason") or "", message, status.get("details"))


def _text_of(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
