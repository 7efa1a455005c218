"""The relay's process: it listens, looks at the servers, and ends when what runs has ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from serve.host import Signals, let_open, listen
from serve.http.front import make_server
from serve.http.protocol import Bounds
from serve.relay.app import create_app
from serve.relay.relay import Asking, Relay, make_client
from serve.relay.settings import LOOK_EVERY_S, LOOK_FOR_ABSENT_EVERY_S, RelaySettings, parse_servers
from serve.relay.shelf import Shelf

log = logging.getLogger(__name__)

_POLL_S = 0.05
_SPARE_FILES = 64


async def relay(settings: RelaySettings) -> None:
    """From settings to a relay that has ended."""
    servers = parse_servers(settings.servers)
    let_open(2 * settings.max_connections + _SPARE_FILES)
    sock = listen(settings.host, settings.port, "PORT")
    signals = Signals.listen()
    async with make_client() as client:
        shelf = Shelf(servers, Asking(client))
        passing = Relay(client, shelf)
        app = create_app(passing, shelf, settings, signals.stop.is_set)
        bounds = Bounds(settings.max_connections, settings.header_s, settings.body_s, settings.send_s)
        server = make_server(app, bounds)
        looking = asyncio.create_task(shelf.look_always(LOOK_EVERY_S, LOOK_FOR_ABSENT_EVERY_S))
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        log.info("relaying", extra={"port": settings.port, "servers": list(servers)})
        stopping = asyncio.create_task(signals.stop.wait())
        await asyncio.wait({stopping, looking, serving}, return_when=asyncio.FIRST_COMPLETED)
        log.info("draining", extra={"num_requests": passing.num_running})
        server.close_idle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(settings.grace_s):
                while passing.num_running and not signals.hurry.is_set():
                    await asyncio.sleep(_POLL_S)
        server.should_exit = True
        await serving
        for task in (looking, stopping):
            task.cancel()
        await asyncio.wait({looking, stopping})
        if not looking.cancelled():
            looking.result()  # a bug of ours, not an end
