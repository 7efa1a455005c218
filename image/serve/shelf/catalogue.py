"""The models as they come and go: the folder is looked at, names are kept, files deleted. Knows no worker."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Sequence

from serve.errors import ForbiddenError, NoSpaceError, RequestError
from serve.models import ModelEntry, Models
from serve.shelf.discovery import Discovery
from serve.shelf.folder import parts
from serve.shelf.names import NameFile
from serve.shelf.registry import Names, Registry
from serve.supervision.ports import Disk, Found, Options


class Catalogue:
    """Changes one at a time; `registry` is what is so now."""

    def __init__(self, configured: Models, *, disk: Disk, options: Options, wall: Callable[[], float]) -> None:
        self._disk = disk
        self._discovers = options.discovers
        self._file = NameFile(options.state_dir)
        self._discovery = Discovery(disk, wall)
        self._brought: dict[str, Found] = {}  # by a pull, where nothing else is discovered
        self._lock = asyncio.Lock()
        self.registry = Registry(configured, options, self._file.read())

    async def look(self) -> None:
        """The regular look at the folder."""
        if not (self._discovers or self._brought):
            return
        async with self._lock:
            self._set(await self._discovery.look())

    async def discover(self, files: Sequence[str] = ()) -> list[str]:
        """Look now. Of `files`, known to be whole: the models that they make; without: those that are new."""
        async with self._lock:
            if not files:
                return self._set(await self._discovery.look_twice()) if self._discovers else []
            firsts = {parts(file)[0] for file in files}
            found = await self._discovery.look(firsts)
            self._brought |= {each.file: each for each in found if each.file in firsts}
            self._set(found)
        return sorted({id_ for first in firsts for id_ in self.registry.of_file(first)})

    async def copy(self, entry: ModelEntry, new_name: str) -> None:
        """One more name."""
        async with self._lock:
            await self._keep(self.registry.with_copy(entry.id, new_name))

    async def forget(self, name: str) -> bool:
        """Forget a copied name, if it is one."""
        async with self._lock:
            alias = self.registry.copied(name)
            if alias is not None:
                await self._keep(self.registry.without(alias))
        return alias is not None

    async def pass_on(self, entry: ModelEntry) -> bool:
        """A found model is removed under its name: let it go on under a copied one, if it has any."""
        async with self._lock:
            names = self.registry.with_heir(entry)
            if names is not None:
                await self._keep(names)
        return names is not None

    async def delete(self, entry: ModelEntry) -> None:
        """The files of a found model."""
        async with self._lock:
            try:
                await self._disk.delete(entry.file)
            except OSError as error:
                raise ForbiddenError(f"{entry.file} can't be deleted: {error.strerror or error}") from error
            self._brought.pop(entry.file, None)
            self._discovery.forget(entry.file)
            ids = {file: id_ for file, id_ in self.registry.names.ids.items() if file != entry.file}
            if ids != self.registry.names.ids:
                await self._keep(Names(self.registry.names.aliases, ids))
            self._set([each for each in self._discovery.taken if each.file != entry.file])

    def _set(self, found: Sequence[Found]) -> list[str]:
        return self.registry.set_found(each for each in found if self._discovers or each.file in self._brought)

    async def _keep(self, names: Names) -> None:
        if names == self.registry.names:
            return
        try:
            await asyncio.to_thread(self._file.write, names)
        except OSError as error:
            raise _not_kept(error) from error
        self.registry.set_names(names)


def _not_kept(error: OSError) -> RequestError:
    kind = NoSpaceError if error.errno in (errno.ENOSPC, errno.EDQUOT) else ForbiddenError
    return kind(f"names can't be kept: {error.strerror or error}")
