"""ASGI middleware: when the client goes away, its handler is cancelled. Nobody computes for a closed connection.

It sits inside everything that must see the end of each request (logs, metrics) and outside everything that answers.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CancelOnDisconnect:
    """Listens for the client to leave while the handler runs. The body must have been read: one message, the first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        handler = asyncio.current_task()
        assert handler is not None
        body: list[Message] = [await receive()]
        never = asyncio.get_running_loop().create_future()

        async def replay() -> Message:
            if body:
                return body.pop()
            await never  # the listener has the rest
            raise AssertionError

        listener = asyncio.create_task(_listen(receive, handler))
        try:
            await self._app(scope, replay, send)
        except asyncio.CancelledError:
            if not listener.done():
                raise  # somebody else wants our end
            handler.uncancel()
        finally:
            listener.cancel()


async def _listen(receive: Receive, handler: asyncio.Task[None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    handler.cancel()
