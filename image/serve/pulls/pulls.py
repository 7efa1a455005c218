"""All pulls of this server: each file once, however many ask for it.

Time, ids, child processes and the models that a file makes are passed in.
"""

from __future__ import annotations

from serve.pulls.pull import Pull
from serve.pulls.types import PullOrder, PullStatus


class Pulls:
    """Runs in the event loop of the HTTP process."""

    def start(self, order: PullOrder) -> Pull:
        """Start one, or join the one of the same file that runs.

        InvalidRequestError (names), ForbiddenError (not allowed here), ConflictError (another source is being pulled
        under this name), OverloadedError (too many), DrainingError.
        """
        raise NotImplementedError

    def all(self) -> list[PullStatus]:
        """Those that run, and the last ones that have ended; oldest first."""
        raise NotImplementedError

    def find(self, pull_id: str) -> Pull:
        """By id, or NotFoundError."""
        raise NotImplementedError

    async def cancel(self, pull_id: str) -> PullStatus:
        """End one and remove what it has written; returns when that is done. NotFoundError."""
        raise NotImplementedError

    async def stop(self) -> None:
        """The server ends: so do all pulls. What they have written stays, to be gone on from."""
        raise NotImplementedError
