"""ASGI middleware: when the client goes away, its handler is cancelled. Nobody computes for a closed connection.

It sits inside everything that must see the end of each request (logs, metrics) and outside everything that answers.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CancelOnDisconnect:
    """Runs the handler as a task of its own while it listens for the client to leave."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inbox: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)  # a body comes no faster than it is read
        handler = asyncio.ensure_future(self._app(scope, inbox.get, send))
        listener = asyncio.create_task(_listen(receive, inbox))
        try:
            await asyncio.wait({handler, listener}, return_when=asyncio.FIRST_COMPLETED)
            if not handler.done():
                handler.cancel()
                await asyncio.wait({handler})
            if not handler.cancelled():
                handler.result()  # its exception is ours
        finally:
            for task in (handler, listener):
                task.cancel()
            await asyncio.gather(handler, listener, return_exceptions=True)


async def _listen(receive: Receive, inbox: asyncio.Queue[Message]) -> None:
    """Pass the body on; return when the client has left."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        await inbox.put(message)
