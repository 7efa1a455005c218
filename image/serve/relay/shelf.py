"""Which server has which model, as the servers have said it lately.

They are asked for their health, which needs no key: the relay has none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one server said of itself."""

    is_ready: bool
    models: Mapping[str, Mapping[str, Any]]


Ask = Callable[[str], Awaitable[Seen | None]]
"""A server by its address; None: it does not answer."""


@dataclass(slots=True)
class Shelf:
    """The latest look at each server."""

    servers: tuple[str, ...]
    ask: Ask
    seen: dict[str, Seen] = field(default_factory=dict)

    async def look(self) -> None:
        """Ask all at once."""
        await asyncio.gather(*map(self._look_at, self.servers))

    async def look_always(self, every_s: float, absent_s: float) -> None:
        """Until it is cancelled. Each server by itself, absent ones less often: to look for a name that
        nobody has takes seconds on a machine that is offline, and must not keep others waiting.
        """
        await asyncio.gather(*(self._watch(server, every_s, absent_s) for server in self.servers))

    async def _watch(self, server: str, every_s: float, absent_s: float) -> None:
        while True:
            await self._look_at(server)
            await asyncio.sleep(every_s if server in self.seen else absent_s)

    async def _look_at(self, server: str) -> None:
        seen = await self.ask(server)
        if (seen is None) == (server in self.seen):
            log.info("a server is gone" if seen is None else "a server is there", extra={"server": server})
        if seen is None:
            self.seen.pop(server, None)
        else:
            self.seen[server] = seen

    @property
    def there(self) -> tuple[str, ...]:
        """Servers that answer, in the order in which they were named."""
        return tuple(server for server in self.servers if server in self.seen)

    @property
    def is_ready(self) -> bool:
        """Would a request for some model be served?"""
        return any(seen.is_ready for seen in self.seen.values())

    @property
    def models(self) -> dict[str, Mapping[str, Any]]:
        """Of all servers, by id; the first server that has one is the one that is asked."""
        found: dict[str, Mapping[str, Any]] = {}
        for server in self.there:
            for model, state in self.seen[server].models.items():
                found.setdefault(model, state)
        return found

    def find(self, name: str) -> str | None:
        """The server that has a model of this id; other names only the servers know."""
        wanted = name.lower().removesuffix(":latest")
        return _first(server for server in self.there if wanted in map(str.lower, self.seen[server].models))


def _first(servers: Iterable[str]) -> str | None:
    return next(iter(servers), None)
