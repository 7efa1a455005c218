"""Tells one address of changes: JSON by POST, in their order, with a few tries each.

The address may be a secret (Slack's are), so nothing that it could be in is ever logged: of an error the kind alone.
That is why the tries are counted here and not by a library: those log the exception that they try again after, whose
text has the address. Messages wait in a queue with an end: a webhook that is down for a day does not fill the memory,
and what was dropped is counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from health_monitor.change import Change
from health_monitor.clock import Clock

TIMEOUT_S = 10.0
NUM_TRIES = 5
FIRST_S = 1.0
MOST_WAITING = 100
TRY_AGAIN = frozenset({408, 425, 429})
"""Beside all of 500 and above. Other answers are the same the next time."""

logger = logging.getLogger("health_monitor.webhook")


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and with which token. Neither is in its repr."""

    url: str
    token: str | None = None

    def __repr__(self) -> str:
        return "Target(...)"


class Webhook:
    """One queue and what empties it. `count` is told what became of each message: sent, failed, dropped."""

    def __init__(
        self,
        target: Target,
        client: httpx.AsyncClient,
        clock: Clock,
        chance: Callable[[], float],
        count: Callable[[str], None],
    ) -> None:
        self._target = target
        self._client = client
        self._clock = clock
        self._chance = chance
        self._count = count
        self._queue: asyncio.Queue[Change] = asyncio.Queue(MOST_WAITING)

    def tell(self, change: Change) -> None:
        """Returns at once. With a full queue the oldest goes: what is so now matters more."""
        if self._queue.full():
            self._queue.get_nowait()
            self._count("dropped")
            logger.error("dropped a message: too many wait")
        self._queue.put_nowait(change)

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.send(await self._queue.get())

    async def send(self, change: Change) -> None:
        """One message; never raises for what the other side does."""
        said: dict[str, object] = {"service": change.service.name, "to": change.after.value}
        for number in range(1, NUM_TRIES + 1):
            problem, may_try_again = await self._try(change)
            if problem is None:
                self._count("sent")
                logger.info("told", extra=said)
                return
            if not may_try_again or number == NUM_TRIES:
                break
            logger.warning("not told yet", extra={**said, "reason": problem, "tries": number})
            await self._clock.sleep(FIRST_S * 2 ** (number - 1) * (0.5 + self._chance()))
        self._count("failed")
        logger.error("not told", extra={**said, "reason": problem, "tries": number})

    async def _try(self, change: Change) -> tuple[str | None, bool]:
        """What went wrong, None for nothing; and whether it may go well the next time."""
        headers = {"authorization": f"Bearer {self._target.token}"} if self._target.token else {}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._client.post(self._target.url, json=change.as_json(), headers=headers)
        except TimeoutError:
            return f"no answer within {TIMEOUT_S:g} s", True
        except httpx.HTTPError as error:
            return type(error).__name__, True
        if answer.is_success:
            return None, False
        return f"it answers {answer.status_code}", answer.status_code >= 500 or answer.status_code in TRY_AGAIN
