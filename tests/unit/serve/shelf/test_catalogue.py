"""Tests of serve.shelf.catalogue."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from pathlib import Path

import pytest

from serve.errors import ForbiddenError, NoSpaceError, RequestError
from serve.models import ModelEntry, Models
from serve.shelf.catalogue import Catalogue
from serve.shelf.names import NameFile
from serve.supervision.ports import Options
from tests.helpers.fakes import FakeClock, FakeDisk

OPTIONS = Options(
    Path("/m"),
    num_threads=1,
    step_tokens=16,
    max_waiting=3,
    start_s=20,
    silence_s=1.5,
    stuck_s=60,
    discovers=True,
)
CONFIGURED = Models((ModelEntry(id="set", file="set.gguf", num_slots=2, context_tokens=64),))


def make(*files: str, models: Models = CONFIGURED, **options: object) -> tuple[Catalogue, FakeDisk]:
    """A folder with these files."""
    disk = FakeDisk(files=set(files))
    changed: Options = replace(OPTIONS, **options)  # type: ignore[arg-type]
    return Catalogue(models, disk=disk, options=changed, wall=FakeClock()), disk


def ids(catalogue: Catalogue) -> list[str]:
    """Of all models."""
    return [entry.id for entry in catalogue.registry.models.models]


def test_regular_looks_find_what_is_whole() -> None:
    """At the second one."""

    async def story() -> None:
        catalogue, disk = make("a.gguf")
        await catalogue.look()
        assert ids(catalogue) == ["set"]
        await catalogue.look()
        assert ids(catalogue) == ["set", "a"]
        disk.files.clear()
        await catalogue.look()
        assert ids(catalogue) == ["set"]

    asyncio.run(story())


def test_somebody_may_look_now() -> None:
    """And is told what is new; of files that were named, who they are, new or not."""

    async def story() -> None:
        catalogue, disk = make("a.gguf", "set.gguf")
        assert await catalogue.discover() == ["a"]
        assert await catalogue.discover() == []
        disk.files.add("b.gguf")
        assert await catalogue.discover(["b.gguf"]) == ["b"]
        assert await catalogue.discover(["b.gguf", "set.gguf"]) == ["b", "set"]

    asyncio.run(story())


def test_where_nothing_is_discovered_only_what_was_brought_is_there() -> None:
    """A volume that many share is no menu; but what somebody pulls he wants to ask."""

    async def story() -> None:
        catalogue, disk = make("foreign.gguf", "pulled.gguf", discovers=False)
        for _ in range(2):
            await catalogue.look()
        assert await catalogue.discover() == []
        assert await catalogue.discover(["pulled.gguf"]) == ["pulled"]
        await catalogue.look()
        assert ids(catalogue) == ["set", "pulled"]
        disk.files.remove("pulled.gguf")
        await catalogue.look()
        assert ids(catalogue) == ["set"]

    asyncio.run(story())


def test_names_outlive_the_server(tmp_path: Path) -> None:
    """Copied, forgotten, and passed on."""

    async def story() -> None:
        first, _ = make("a.gguf", state_dir=tmp_path)
        await first.discover()
        entry = first.registry.models.find("a")
        await first.copy(entry, "x")
        await first.copy(entry, "y")
        assert await first.forget("Y")
        assert not await first.forget("a")
        assert await first.pass_on(entry)
        second, _ = make("a.gguf", state_dir=tmp_path)
        await second.discover()
        assert ids(second) == ["set", "x"]
        await second.delete(second.registry.models.find("x"))
        assert NameFile(tmp_path).read().ids == {}

    asyncio.run(story())


def test_a_deleted_model_is_gone_at_once() -> None:
    """No look is needed; one that can't be deleted stays."""

    async def story() -> None:
        catalogue, disk = make("a.gguf", "b.gguf")
        await catalogue.discover()
        await catalogue.delete(catalogue.registry.models.find("a"))
        assert ids(catalogue) == ["set", "b"]
        assert disk.files == {"b.gguf"}
        disk.error = OSError(errno.EROFS, "Read-only file system")
        with pytest.raises(ForbiddenError, match=r"b\.gguf can't be deleted: Read-only file system"):
            await catalogue.delete(catalogue.registry.models.find("b"))
        assert ids(catalogue) == ["set", "b"]

    asyncio.run(story())


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, NoSpaceError), (errno.EACCES, ForbiddenError)])
def test_a_name_that_can_not_be_kept_is_not_given(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: type[RequestError]
) -> None:
    """Otherwise it would be gone after the next restart, and nobody was told."""

    def fail(*_: object) -> None:
        raise OSError(number, "trouble")

    async def story() -> None:
        catalogue, _ = make()
        monkeypatch.setattr(NameFile, "write", fail)
        with pytest.raises(kind, match="names can't be kept: trouble"):
            await catalogue.copy(catalogue.registry.models.find("set"), "x")
        assert catalogue.registry.models.get("x") is None

    asyncio.run(story())
