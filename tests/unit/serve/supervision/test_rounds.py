"""Tests of serve.supervision.rounds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from serve.models import ModelEntry
from serve.shelf.discovery import SCAN_S
from serve.supervision.keeper import Keeper
from serve.supervision.lifecycle import Lifecycle, State
from serve.supervision.ports import Options, Seen, Taken
from serve.supervision.rounds import MEASURE_S, Rounds
from tests.helpers.fakes import EchoWorker, FakeClock, FakeDisk, FakeLauncher

OPTIONS = Options(Path("/m"), num_threads=1, step_tokens=16, max_waiting=3, start_s=20, silence_s=1.5, stuck_s=60)


class HangingDisk(FakeDisk):
    """One file can't be looked at, and nobody is told."""

    num_looks = 0

    async def seen(self, file: str) -> Seen | None:
        """Never, of that one."""
        self.num_looks += 1
        if file == "hangs.gguf":
            await asyncio.Event().wait()
        return await super().seen(file)


def make(disk: FakeDisk, *names: str) -> tuple[Rounds, list[Keeper], FakeClock]:
    """Keepers of models that are wanted."""
    clock = FakeClock()
    keepers = [
        Keeper(
            ModelEntry(id=name, file=f"{name}.gguf", num_slots=1, context_tokens=64),
            launcher=FakeLauncher(EchoWorker),
            options=OPTIONS,
            clock=clock,
            lifecycle=Lifecycle(clock=clock, jitter=lambda: 1.0),
        )
        for name in names
    ]
    return Rounds(disk, OPTIONS, clock), keepers, clock


async def nothing() -> None:
    """No look at the folder."""


async def serving() -> tuple[Rounds, list[Keeper], FakeClock, EchoWorker]:
    """One model that was found and loaded, and its worker."""
    rounds, keepers, clock = make(FakeDisk(files={"m.gguf"}), "m")
    await rounds.go(keepers, nothing)
    launcher = keepers[0]._launcher
    assert isinstance(launcher, FakeLauncher)
    await keepers[0].launch()
    worker = launcher.workers[0]
    assert isinstance(worker, EchoWorker)
    return rounds, keepers, clock, worker


def test_a_look_that_hangs_holds_up_nobody_else() -> None:
    """And it is not begun again and again."""

    async def story() -> None:
        disk = HangingDisk(files={"good.gguf"})
        rounds, keepers, _ = make(disk, "hangs", "good")
        await rounds.go(keepers, nothing)
        assert [keeper.state for keeper in keepers] == [State.ABSENT, State.READY_ON_DISK]
        await rounds.go(keepers, nothing)
        assert disk.num_looks == 3

    asyncio.run(story())


def test_who_is_not_wanted_is_looked_at_now_and_then() -> None:
    """A folder of a thousand models is no reason to be busy."""

    async def story() -> None:
        disk = HangingDisk()
        rounds, keepers, clock = make(disk, "m")
        keepers[0].wish.unwant()
        for _ in range(4):
            await rounds.go(keepers, nothing)
        assert disk.num_looks == 1
        clock.now += SCAN_S
        await rounds.go(keepers, nothing)
        assert disk.num_looks == 2
        keepers[0].is_found = True  # then the look at the folder sees it
        clock.now += SCAN_S
        await rounds.go(keepers, nothing)
        assert disk.num_looks == 2

    asyncio.run(story())


def test_what_serves_is_measured() -> None:
    """Soon after its load, and again after a while."""

    async def story() -> None:
        rounds, keepers, clock, worker = await serving()
        for size, after_s in ((5, 0.0), (9, MEASURE_S), (3, MEASURE_S)):
            worker.takes_bytes = size
            clock.now += after_s
            await rounds.go(keepers, nothing)
            assert keepers[0].status().memory_bytes == size
        assert keepers[0].most_bytes == 9

    asyncio.run(story())


def test_what_takes_long_to_measure_is_measured_less_often() -> None:
    """A worker of many GiB must not cost a core to look at."""

    async def story() -> None:
        rounds, keepers, clock, worker = await serving()
        num = 0

        async def slow() -> Taken:
            nonlocal num
            num += 1
            clock.now += 0.1
            return Taken(7)

        worker.taken = slow  # type: ignore[method-assign]
        for after_s in (MEASURE_S, MEASURE_S, 9.0, 1.0):
            await rounds.go(keepers, nothing)
            clock.now += after_s
        assert num == 1
        await rounds.go(keepers, nothing)
        assert num == 2

    asyncio.run(story())


def test_the_folder_is_looked_at_every_two_seconds() -> None:
    """So that what is copied by hand is there within five."""

    async def story() -> None:
        rounds, _, clock = make(FakeDisk())
        looks: list[float] = []

        async def look() -> None:
            looks.append(clock.now)

        for _ in range(17):
            await rounds.go([], look)
            clock.now += 0.25
        assert looks == [1000, 1002, 1004]

    asyncio.run(story())


def test_a_bug_in_a_look_is_not_hidden() -> None:
    """It ends the server, as any other would."""

    async def story() -> None:
        rounds, _, _ = make(FakeDisk())

        async def look() -> None:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await rounds.go([], look)

    asyncio.run(story())


def test_what_a_request_has_pulled_is_on_its_way() -> None:
    """However the one who writes it calls his file."""

    async def story() -> None:
        rounds, keepers, _ = make(FakeDisk(), "m")
        rounds.is_fetching = lambda _: True
        for _ in range(2):
            await rounds.look(keepers[0])
            assert keepers[0].state is State.PULLING
            assert keepers[0].status().reason == "m.gguf is being written to /m"
        rounds.is_fetching = lambda _: False
        await rounds.look(keepers[0])
        assert keepers[0].state is State.ABSENT

    asyncio.run(story())
