"""Weights from a hub while the server runs: start, look, cancel. Who may do it is not decided here."""

from __future__ import annotations

import contextlib
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from serve.answers.pull import MEDIA_TYPE, line_of, lines, summary
from serve.pulls.pull import Pull
from serve.routes.answering import OwningStream, json_answer
from serve.routes.table import Routes
from serve.services import Services, services_of
from serve.wire.pull import PullRequest

router = Routes("pulls")
posts = Routes("pulls")


@posts.post("/v1/api/pull")
async def pull(body: PullRequest, request: Request) -> Response:
    """Pull a file, or join whoever pulls it, and tell how it goes on.

    The answer begins when the hub has said what there is: what is wrong until then has its own status. A client that
    leaves ends nothing.
    """
    pull = services_of(request).pulls.start(body.order())
    await pull.begun()
    if body.stream:
        return OwningStream(lines(pull), MEDIA_TYPE, contextlib.AsyncExitStack())
    return json_answer(line_of(await _ended(pull)))


@router.get("/v1/api/pulls")
async def pulls(services: Services) -> dict[str, Any]:
    """Those that run, and the last ones that have ended; oldest first."""
    return {"pulls": [summary(status) for status in services.pulls.all()]}


@router.delete("/v1/api/pulls/{pull_id}")
async def cancel(pull_id: str, services: Services) -> dict[str, Any]:
    """End a pull for all who follow it, and remove what it has written, also of one that has failed."""
    return summary(await services.pulls.cancel(pull_id))


async def _ended(pull: Pull) -> Any:
    async for status in pull.follow():
        last = status
    pull.check()
    return last
