"""Tests of serve.shelf.discovery."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.shelf.discovery import SETTLED_S, Discovery
from serve.supervision.ports import Found
from tests.helpers.fakes import FakeClock, FakeDisk


class MovingDisk(FakeDisk):
    """Files of sizes that the test says."""

    sizes: dict[str, int]

    async def scan(self) -> list[Found]:
        """As they are now."""
        if self.error is not None:
            raise self.error
        return [Found(file, (file,), 1000, size, ((size, 1),)) for file, size in sorted(self.sizes.items())]


def make(**sizes: int) -> tuple[Discovery, MovingDisk, FakeClock]:
    """A folder whose files were written at 1000, which is now."""
    disk, wall = MovingDisk(), FakeClock()
    disk.sizes = {f"{name}.gguf": size for name, size in sizes.items()}
    return Discovery(disk, wall), disk, wall


def files(found: list[Found]) -> list[str]:
    """Their names."""
    return [each.file for each in found]


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)), min_size=1, max_size=12))
def test_what_is_taken_was_the_same_twice(looks: list[dict[str, int]]) -> None:
    """Once taken it stays until it vanishes; what vanishes has to settle again."""

    async def story() -> None:
        discovery, disk, _ = make()
        before: dict[str, int] = {}
        taken: set[str] = set()
        for now in looks:
            disk.sizes = {f"{name}.gguf": size for name, size in now.items()}
            found = {each.file.removesuffix(".gguf") for each in await discovery.look()}
            settled = {name for name in now if before.get(name) == now[name]}
            assert found == (taken & now.keys()) | settled
            before, taken = now, found

    asyncio.run(story())


def test_a_server_that_starts_knows_what_has_long_been_there() -> None:
    """But not what is written to at this moment."""

    async def story() -> None:
        discovery, disk, wall = make(a=1)
        assert await discovery.look() == []
        wall.now += SETTLED_S
        another = Discovery(disk, wall)
        assert files(await another.look()) == ["a.gguf"]
        disk.sizes["b.gguf"] = 1
        assert files(await another.look()) == ["a.gguf"]  # only the first look trusts times

    asyncio.run(story())


def test_what_is_known_to_be_whole_is_taken_at_once() -> None:
    """Whoever pulled it says so; the others wait."""

    async def story() -> None:
        discovery, _, _ = make(a=1, b=1)
        assert files(await discovery.look({"a.gguf"})) == ["a.gguf"]

    asyncio.run(story())


def test_two_looks_take_what_does_not_move() -> None:
    """For whoever does not want to wait for the next round."""

    async def story() -> None:
        discovery, _, _ = make(a=1)
        assert files(await discovery.look_twice()) == ["a.gguf"]

    asyncio.run(story())


def test_a_folder_that_can_not_be_read_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A network file system that is away for a moment takes no model with it. It is told once."""

    async def story() -> None:
        discovery, disk, _ = make(a=1)
        await discovery.look_twice()
        disk.error = OSError(5, "Input/output error")
        assert files(await discovery.look()) == files(await discovery.look()) == ["a.gguf"]

    asyncio.run(story())
    assert caplog.text.count("can't be looked at: Input/output error") == 1


def test_what_was_deleted_has_to_settle_again() -> None:
    """One that comes under its name is another one."""

    async def story() -> None:
        discovery, _, _ = make(a=1)
        await discovery.look_twice()
        discovery.forget("a.gguf")
        assert discovery.taken == []
        assert await discovery.look() == []
        assert files(await discovery.look()) == ["a.gguf"]

    asyncio.run(story())
