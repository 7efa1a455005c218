"""One pull in the HTTP process: a child that downloads, and whoever follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from serve.errors import RequestError
from serve.pulls.types import PullStatus


class Pull:
    """Goes on when nobody follows it: only cancel ends it early."""

    @property
    def id(self) -> str:
        """Of this one."""
        raise NotImplementedError

    @property
    def status(self) -> PullStatus:
        """Right now."""
        raise NotImplementedError

    @property
    def error(self) -> RequestError | None:
        """Why it failed: HubError, ModelNotFoundError, NoSpaceError, UnauthorizedError, ForbiddenError, ..."""
        raise NotImplementedError

    async def begun(self) -> None:
        """Wait until the hub has said what there is; raises the error where it failed before that."""
        raise NotImplementedError

    def follow(self) -> AsyncIterator[PullStatus]:
        """The present status at once, then each change, at most four a second; ends after complete|failed|cancelled."""
        raise NotImplementedError
