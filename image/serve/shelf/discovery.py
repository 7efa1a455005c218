"""Which models of the folder may be served: those that nobody writes to any more.

A file that was the same at two looks is taken, and once taken it stays until it vanishes. At the first look of all what
has not been touched for a while is taken at once, so that a server that starts knows its models.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection

from serve.supervision.ports import Disk, Found

log = logging.getLogger(__name__)

SCAN_S = 2.0  # so that a file is served within five seconds, whenever its copy ended
SETTLED_S = 5.0
_SOON_S = 0.25  # between two looks when somebody asks for it


class Discovery:
    """What is known of the folder."""

    def __init__(self, disk: Disk, wall: Callable[[], float]) -> None:
        self._disk = disk
        self._wall = wall
        self._prints: dict[str, tuple[tuple[int, int], ...]] | None = None  # of the last look
        self._taken: dict[str, Found] = {}
        self._trouble = ""

    @property
    def taken(self) -> list[Found]:
        """What may be served, as of the last look."""
        return list(self._taken.values())

    async def look(self, whole: Collection[str] = ()) -> list[Found]:
        """All that may be served now. `whole` are known to be so, from whoever wrote them."""
        try:
            found = await self._disk.scan()
        except OSError as error:  # a network file system may be back at the next look
            self._complain(error.strerror or str(error))
            return self.taken
        self._trouble = ""
        self._taken = {each.file: each for each in found if each.file in whole or self._is_settled(each)}
        self._prints = {each.file: each.print for each in found}
        return self.taken

    async def look_twice(self) -> list[Found]:
        """The same without waiting for the next round: two looks, one soon after the other."""
        await self.look()
        await asyncio.sleep(_SOON_S)
        return await self.look()

    def forget(self, file: str) -> None:
        """It was deleted. One that comes under its name is another one."""
        self._taken.pop(file, None)
        (self._prints or {}).pop(file, None)

    def _is_settled(self, found: Found) -> bool:
        if found.file in self._taken:
            return True
        if self._prints is None:
            return found.written_at <= self._wall() - SETTLED_S
        return self._prints.get(found.file) == found.print

    def _complain(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            log.error("the models directory can't be looked at: %s", trouble)
