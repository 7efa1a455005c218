"""The life of the server process: start, serve, drain, end.

SIGTERM or SIGINT begins the drain: readiness goes off, new requests get 503, running ones may finish for GRACE_S. A
second signal ends at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import socket
import time
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from serve.cpu import check_cpu, num_threads
from serve.errors import SetupError
from serve.models import load_models
from serve.ports import Options
from serve.process import ModelsDir, ProcessLauncher
from serve.settings import PREFIX, Settings
from serve.supervisor import Supervisor

if TYPE_CHECKING:
    from serve.front import Server

log = logging.getLogger(__name__)

WORKER_STOP_S = 3.0


async def serve(settings: Settings, environ: Mapping[str, str]) -> None:
    """From settings to a server that has ended."""
    check_cpu()
    supervisor = _make_supervisor(settings, environ)
    main = _listen(settings.host, settings.port, "PORT")
    side = _listen(settings.host, settings.metrics_port, "METRICS_PORT")
    log.info("listening", extra={"host": settings.host, "port": settings.port, "metrics_port": settings.metrics_port})
    await supervisor.tick()  # workers begin to load; what HTTP needs is imported meanwhile, which takes as long
    from serve.front import make_servers

    await _run(supervisor, make_servers(settings, supervisor, main, side), settings.grace_s)


async def _run(supervisor: Supervisor, servers: list[tuple[Server, socket.socket]], grace_s: float) -> None:
    stop, hurry = _signals()
    keeping = asyncio.create_task(supervisor.run())
    serving = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers]
    await _first(stop.wait(), keeping, *serving)
    log.info("draining", extra={"num_requests": supervisor.num_requests})
    supervisor.drain()
    await _first(supervisor.wait_until_idle(grace_s), hurry.wait(), keeping, *serving)
    log.info("stopping", extra={"num_requests": supervisor.num_requests})
    await supervisor.stop(WORKER_STOP_S)  # what still runs ends with an error that says it can be tried again
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*serving)
    keeping.cancel()
    await asyncio.wait({keeping})


async def _first(*awaitables: Coroutine[Any, Any, object] | asyncio.Task[None]) -> None:
    """Wait for the first to end, and raise what it raised: a part that ends by itself takes the server with it."""
    tasks = [asyncio.ensure_future(a) for a in awaitables]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task, given in zip(tasks, awaitables, strict=True):
        if task is not given:
            task.cancel()
    for task in done:
        task.result()


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Signals only set flags: the first one `stop`, the next one `hurry`."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    return stop, hurry


def _listen(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay off only where it reads TCP there; with it every answer
    # on a kept connection waits 40 ms for an acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise SetupError(f"{PREFIX}{setting} is {port}: {host} can't be listened on there: {error.strerror}") from error
    return sock


def _make_supervisor(settings: Settings, environ: Mapping[str, str]) -> Supervisor:
    threads = num_threads() if settings.num_threads is None else settings.num_threads
    return Supervisor(
        load_models(settings.models_file, settings.models_json),
        launcher=ProcessLauncher(environ),
        disk=ModelsDir(settings.models_dir),
        options=Options(
            models_dir=settings.models_dir,
            num_threads=threads,
            step_tokens=settings.step_tokens,
            max_waiting=settings.max_waiting,
            start_s=settings.start_s,
            silence_s=settings.silence_s,
            stuck_s=settings.stuck_s,
            mixed_tokens=settings.mixed_tokens,
            state_dir=settings.state_dir,
            state_max_bytes=settings.state_max_bytes,
        ),
        clock=time.monotonic,
        jitter=random.random,
    )
