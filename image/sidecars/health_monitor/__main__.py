"""`python -m health_monitor`. The edge: the only place that knows signals, the command line's end and exit codes.

Exit codes: 0 it was told to end, 1 one of its own parts failed, 2 a setting is wrong, said in one line on stderr.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from prometheus_client import disable_created_metrics

from health_monitor import pages
from health_monitor.board import Board
from health_monitor.change import Change
from health_monitor.check import HttpChecker, make_client
from health_monitor.clock import SystemClock
from health_monitor.errors import SetupError
from health_monitor.log import set_up_logging
from health_monitor.metrics import Metrics
from health_monitor.monitor import Parts, Watch
from health_monitor.pauses import Pauses
from health_monitor.services import Service
from health_monitor.settings import Settings, load_settings, watched, webhook
from health_monitor.webhook import Target, Webhook

logger = logging.getLogger("health_monitor")


def main() -> int:
    """Turn its errors into one line."""
    try:
        settings = load_settings()
        services, target = watched(settings), webhook(settings)
        set_up_logging(settings.log_level)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, which nobody reads
        gc.freeze()  # what is imported stays: no collection needs to look at it again
        return asyncio.run(watch(settings, services, target))
    except SetupError as error:
        print(f"health_monitor: {error}", file=sys.stderr)  # noqa: T201  (for a person, not for a log reader)
        return 2


async def watch(settings: Settings, services: tuple[Service, ...], target: Target | None) -> int:
    """Until SIGTERM or SIGINT. What is under way then is dropped: a check has no consequences."""
    board, metrics, clock = Board(), Metrics(services), SystemClock()
    chance = random.SystemRandom().random
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    async with make_client() as client:
        sender = Webhook(target, client, clock, chance, metrics.on_webhook) if target else None
        parts = Parts(
            check=HttpChecker(client),
            clock=clock,
            pauses=Pauses(settings.backoff_max_s, settings.jitter, chance),
            board=board,
            metrics=metrics,
            tell=sender.tell if sender else _tell_nobody,
        )
        work = [Watch(service, parts).run() for service in services]
        server = pages.start(settings.host, settings.port, pages.make_pages(board, metrics, clock.now_s))
        logger.info("watching", extra={"services": [service.name for service in services], "port": server.server_port})
        try:
            return await _until(end, [*work, sender.run()] if sender else work)
        finally:
            server.shutdown()
            server.server_close()


async def _until(end: asyncio.Event, work: list[Coroutine[Any, Any, None]]) -> int:
    """Nothing of the work ends by itself: what does has failed, and a monitor that does half its work is worse."""
    ending = asyncio.create_task(end.wait())
    tasks = [asyncio.create_task(each) for each in work]
    done, _ = await asyncio.wait([ending, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in (ending, *tasks):
        task.cancel()
    results = await asyncio.gather(ending, *tasks, return_exceptions=True)
    broken = [each for each in results if isinstance(each, Exception)]
    for error in broken:
        logger.critical("a part of the monitor failed", exc_info=error)
    if not broken and ending in done:
        logger.info("ended")
        return 0
    return 1


def _tell_nobody(_change: Change) -> None:
    """Where there is no webhook, the log has it."""


if __name__ == "__main__":
    sys.exit(main())
