"""The life of the server process: start, serve, drain, end.

SIGTERM or SIGINT begins the end, in GRACE_S altogether; a second signal ends at once.

    leave   for LAME_DUCK_S: not ready, but all is served, each answer as the last one of its connection. Balancers look
            at /ready now and then; what they send until then must not fail. SIGINT, a person, waits for nobody.
    drain   idle connections are closed, new requests get 503, running ones may finish
    stop    what still runs ends with an error that says it can be tried again
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import socket
import time
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from serve.cpu import check_cpu, library_folder, num_threads
from serve.gpu.choice import choose, worker_environ
from serve.gpu.types import Report
from serve.host import Signals, let_open, listen
from serve.models import Models, load_models
from serve.pulls.pulls import Pulls
from serve.pulls.setup import SourcePuller, make_pulls
from serve.security.setup import make_security
from serve.settings import Settings
from serve.supervision.child import Child
from serve.supervision.memory import memory_budget
from serve.supervision.ports import Options
from serve.supervision.process import ModelsDir, ProcessLauncher
from serve.supervision.supervisor import Supervisor
from serve.surroundings import check_can_pull, check_surroundings

if TYPE_CHECKING:
    from serve.http.front import Server

log = logging.getLogger(__name__)

WORKER_STOP_S = 3.0
SPARE_FILES = 256  # of connections to workers, of weights, of logs


async def serve(settings: Settings, environ: Mapping[str, str], first: Child | None = None) -> None:
    """From settings to a server that has ended. `first` is a worker that was started already."""
    check_cpu()
    check_surroundings(settings, library_folder())
    security = make_security(settings)
    models = _configured(settings)
    check_can_pull(models, settings.models_dir)
    let_open(2 * settings.max_connections + SPARE_FILES)
    main = listen(settings.host, settings.port, "PORT")
    side = listen(settings.host, settings.metrics_port, "METRICS_PORT")
    gpus = choose(settings.gpu, library_folder())  # last: it is what may take long
    launcher = ProcessLauncher(worker_environ(environ, gpus), first)
    supervisor = _make_supervisor(settings, models, launcher, gpus)
    pulls = make_pulls(settings, environ, supervisor.discover)
    supervisor.pull_by(SourcePuller(pulls))
    log.info("listening", extra={"host": settings.host, "port": settings.port, "metrics_port": settings.metrics_port})
    await supervisor.tick()  # workers begin to load; what HTTP needs is imported meanwhile, which takes as long
    launcher.dismiss()  # there was nothing to load
    from serve.http.front import make_servers

    servers = make_servers(settings, supervisor, pulls, security, main, side)
    gc.freeze()  # what is there now is never looked through again
    gc.enable()
    await _run(supervisor, pulls, servers, settings)


async def _run(
    supervisor: Supervisor, pulls: Pulls, servers: list[tuple[Server, socket.socket]], settings: Settings
) -> None:
    signals = Signals.listen()
    keeping = asyncio.create_task(supervisor.run())
    serving = [asyncio.create_task(server.serve(sockets=[sock])) for server, sock in servers]
    await _first(signals.stop.wait(), keeping, *serving)
    lame_duck_s = 0.0 if signals.is_person else min(settings.lame_duck_s, settings.grace_s / 2)
    if lame_duck_s:
        log.info("leaving", extra={"num_requests": supervisor.num_requests, "lame_duck_s": lame_duck_s})
        supervisor.leave()
        await _first(asyncio.sleep(lame_duck_s), signals.hurry.wait(), keeping, *serving)
    log.info("draining", extra={"num_requests": supervisor.num_requests})
    supervisor.drain()
    await pulls.stop()
    for server, _ in servers:
        server.close_idle()
    idle = supervisor.wait_until_idle(settings.grace_s - lame_duck_s)
    await _first(idle, signals.hurry.wait(), keeping, *serving)
    log.info("stopping", extra={"num_requests": supervisor.num_requests})
    await supervisor.stop(WORKER_STOP_S)
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


def _configured(settings: Settings) -> Models:
    """What is configured, if anything is: a server without a file of models serves what it finds in its folder."""
    is_named = "models_file" in settings.model_fields_set and not settings.discover
    if settings.models_json or is_named or settings.models_file.exists():  # one that is named must be there
        return load_models(settings.models_file, settings.models_json)
    log.info("no models are configured: there is no %s", settings.models_file)
    return Models(())


def _make_supervisor(settings: Settings, models: Models, launcher: ProcessLauncher, gpus: Report) -> Supervisor:
    threads = num_threads() if settings.num_threads is None else settings.num_threads
    return Supervisor(
        models,
        launcher=launcher,
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
            idle_unload_s=settings.idle_unload_s,
            load_wait_s=settings.load_wait_s,
            drain_s=settings.grace_s,
            absent=settings.absent,
            memory_bytes=memory_budget() if settings.memory_bytes is None else settings.memory_bytes,
            memory_is_guess=settings.memory_bytes is None,
            gpu_bytes=sum(device.free_bytes for device in gpus.devices) if gpus.devices else None,
            discovers=not models.models if settings.discover is None else settings.discover,
            discovered_slots=settings.discovered_slots,
            discovered_context_tokens=settings.discovered_context_tokens,
        ),
        clock=time.monotonic,
        jitter=random.random,
    )
