"""All pulls of this server: each file once, however many ask for it.

Time, ids, child processes and the models that a file makes are passed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from serve.errors import ConflictError, DrainingError, NotFoundError, OverloadedError
from serve.pulls import names
from serve.pulls.child import Launcher
from serve.pulls.pull import Discover, Ports, Pull
from serve.pulls.types import PullOrder, PullStatus

MAX_AT_ONCE = 3  # the others wait: more do not make a link faster
MAX_WAITING = 32
MAX_REMEMBERED = 50  # that have ended


class Pulls:
    """Runs in the event loop of the HTTP process."""

    def __init__(
        self,
        *,
        launcher: Launcher,
        discover: Discover,
        clock: Callable[[], float],
        wall: Callable[[], float],
        new_id: Callable[[], str],
        repositories: Sequence[str] = (),
    ) -> None:
        self._ports = Ports(launcher, discover, asyncio.Semaphore(MAX_AT_ONCE), clock, wall)
        self._new_id = new_id
        self._repositories = tuple(repositories)
        self._pulls: dict[str, Pull] = {}
        self._is_stopping = False

    def start(self, order: PullOrder) -> Pull:
        """Start one, or join the one of the same file that runs.

        InvalidRequestError (names), ForbiddenError (not allowed here), ConflictError (another source is being pulled
        under this name), OverloadedError (too many), DrainingError.
        """
        names.check_order(order)
        self._check_allowed(order)
        for running in self._running():
            if _is_same(order, running.order):
                return running
            if set(_targets(order)) & {*_targets(running.order), *running.status.files}:
                raise _conflict(running)
        if len(self._running()) >= MAX_AT_ONCE + MAX_WAITING:
            raise OverloadedError(f"{len(self._running())} pulls run or wait: no more are taken", retry_after_s=60)
        pull = Pull(self._new_id(), order, self._ports, self._check_files)
        self._pulls[pull.id] = pull
        self._forget()
        return pull

    def all(self) -> list[PullStatus]:
        """Those that run, and the last ones that have ended; oldest first."""
        return [pull.status for pull in self._pulls.values()]

    def find(self, pull_id: str) -> Pull:
        """By id, or NotFoundError."""
        try:
            return self._pulls[pull_id]
        except KeyError:
            raise NotFoundError(f"there is no pull {pull_id[:80]!r}") from None

    async def cancel(self, pull_id: str) -> PullStatus:
        """End one and remove what it has written; returns when that is done.

        One that has ended stays as it is, but of one that failed nothing is left for the next to go on from.
        """
        pull = self.find(pull_id)
        await pull.cancel()
        return pull.status

    async def stop(self) -> None:
        """The server ends: so do all pulls. What they have written stays, to be gone on from."""
        self._is_stopping = True
        await asyncio.gather(*(pull.cancel(discards=False) for pull in self._running()))

    def _check_allowed(self, order: PullOrder) -> None:
        if self._is_stopping:
            raise DrainingError("this server is about to stop: try again, another one will answer")
        names.check_allowed(order.repo, self._repositories)

    def _check_files(self, pull: Pull) -> None:
        """What a pattern means is known late. The same file from the same place waits in the child, by a lock."""
        for other in self._running():
            shared = set(other.status.files) & set(pull.status.files)
            if other is not pull and shared and not _is_same_place(pull.order, other.order):
                raise _conflict(other)

    def _running(self) -> list[Pull]:
        return [pull for pull in self._pulls.values() if not pull.status.state.has_ended]

    def _forget(self) -> None:
        ended = [pull.id for pull in self._pulls.values() if pull.status.state.has_ended]
        for pull_id in ended[: max(len(ended) - MAX_REMEMBERED, 0)]:
            del self._pulls[pull_id]


def _targets(order: PullOrder) -> tuple[str, ...]:
    """The names that it will write, as far as the order itself says them."""
    if order.stored is not None:
        return (order.stored,)
    return () if names.is_pattern(order.file) else tuple(names.stored_name(file) for file in names.parts(order.file))


def _is_same_place(one: PullOrder, other: PullOrder) -> bool:
    return (one.repo, one.revision) == (other.repo, other.revision)


def _is_same(order: PullOrder, running: PullOrder) -> bool:
    """Also by another part of a split model. Whoever names no SHA-256 is content with any that is asked for."""
    are_files = not names.is_pattern(order.file) and not names.is_pattern(running.file)
    is_file = order.file == running.file or (are_files and names.parts(order.file) == names.parts(running.file))
    is_sum = order.sha256 in (None, running.sha256)
    return _is_same_place(order, running) and is_file and is_sum and order.stored == running.stored


def _conflict(running: Pull) -> ConflictError:
    order = running.order
    return ConflictError(f"{order.repo}@{order.revision}/{order.file} is being pulled under that name: {running.id}")
