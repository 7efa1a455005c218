"""One question to one service: a GET, and whether its answer counts as well.

Redirects are not followed: where they lead may be well while the service is not. The body is not read, so it may be of
any size.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

import httpx

from health_monitor.services import Service

Reason = Literal["timeout", "connection", "status"]
USER_AGENT = "slipway-health-monitor"


@dataclass(frozen=True, slots=True)
class Failure:
    """`text` for people; nothing in it is of the address, which may have a secret."""

    reason: Reason
    text: str


class Checker(Protocol):
    """What the monitor asks services by."""

    async def __call__(self, service: Service) -> Failure | None:
        """None: it is well."""


class HttpChecker:
    """By HTTP, over a connection of its own each time: one that stands for long proves nothing of new ones."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, service: Service) -> Failure | None:
        """Within the service's timeout, names and connections included."""
        try:
            async with asyncio.timeout(service.pace.timeout_s):
                status = await self._status(service.url)
        except (TimeoutError, httpx.TimeoutException):
            return Failure("timeout", f"no answer within {service.pace.timeout_s:g} s")
        except httpx.ConnectError as error:
            return Failure("connection", str(error) or "it takes no connection")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Failure("connection", type(error).__name__)
        is_well = status in service.statuses if service.statuses else 200 <= status < 300
        return None if is_well else Failure("status", f"it answers {status}")

    async def _status(self, url: str) -> int:
        async with self._client.stream("GET", url, headers={"connection": "close"}) as answer:
            return answer.status_code


def make_client() -> httpx.AsyncClient:
    """Without time limits of its own: who asks has one."""
    return httpx.AsyncClient(timeout=None, follow_redirects=False, headers={"user-agent": USER_AGENT})  # noqa: S113
