"""Tests of serve.supervision.process, with real child processes that can't load anything."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from serve.messages import Load, Message, NotLoaded, Ping, Pong
from serve.shelf.folder import PULL_STALE_S
from serve.supervision.child import Child
from serve.supervision.ports import Seen, Taken
from serve.supervision.process import ModelsDir, ProcessLauncher, ProcessWorker
from serve.weights import partial_path

IMAGE = Path(__file__).parents[4] / "image"
# No llama_cpp on this path: a worker says so when it is told to load.
ENVIRON = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": str(IMAGE),
    "SECRET_TOKEN": "x",
    "GGML_BACKEND_PATH": "/tmp/evil.so",
}
LOAD = Load("m", "/nowhere/m.gguf", 1, 64, 16, 1, 1, None)


class Ear:
    """Hears what a worker says."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Message | str] = asyncio.Queue()

    async def launch(self, launcher: ProcessLauncher | None = None) -> ProcessWorker:
        """Start a worker that speaks to this ear."""
        launcher = launcher or ProcessLauncher(ENVIRON)
        return await launcher.launch("m", self.heard.put_nowait, self.heard.put_nowait)

    async def next(self) -> Message | str:
        """The next word, or how it ended."""
        return await asyncio.wait_for(self.heard.get(), 20)


def test_a_worker_answers_pings_before_it_has_loaded_anything() -> None:
    """So that a slow load does not count as hung; then it ends when it is killed, and that is told."""

    async def story() -> None:
        ear = Ear()
        worker = await ear.launch()
        worker.send(Ping())
        assert isinstance(await ear.next(), Pong)
        worker.kill()
        assert await ear.next() == "was killed by SIGKILL"
        worker.send(Ping())  # too late, and harmless

    asyncio.run(story())


def test_a_worker_that_cannot_load_says_why_and_ends() -> None:
    """Here the library itself is missing."""

    async def story() -> None:
        ear = Ear()
        worker = await ear.launch()
        worker.send(LOAD)
        said = await ear.next()
        assert isinstance(said, NotLoaded)
        assert "llama_cpp is not on the Python path" in said.message
        assert await ear.next() == "ended with code 1"

    asyncio.run(story())


def test_a_worker_ends_with_its_parent() -> None:
    """A closed socket is the sign: nothing is left behind when the HTTP process is killed."""

    async def story() -> None:
        ear = Ear()
        worker = await ear.launch()
        worker.send(Ping())
        await ear.next()
        assert worker._transport is not None
        worker._transport.abort()
        assert await ear.next() == "ended with code 0"

    asyncio.run(story())


def test_a_worker_gets_only_what_it_needs_of_the_environment() -> None:
    """No secrets, and nothing that makes the library load something else."""

    async def story() -> None:
        ear = Ear()
        worker = await ear.launch()
        pid = worker._process.pid
        worker.send(Ping())
        await ear.next()
        environ = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        worker.kill()
        await ear.next()
        names = {line.split("=")[0] for line in environ if line}
        assert names == {"PATH", "PYTHONPATH", "GOMP_SPINCOUNT"}

    asyncio.run(story())


def test_a_worker_that_was_started_already_is_the_first_one() -> None:
    """The second one is a new one."""

    async def story() -> None:
        ear, ready = Ear(), Child(ENVIRON)
        launcher = ProcessLauncher(ENVIRON, ready)
        first, second = await ear.launch(launcher), await ear.launch(launcher)
        assert first._process.pid == ready.process.pid != second._process.pid
        launcher.dismiss()  # nothing is left to dismiss
        first.send(Ping())
        assert isinstance(await ear.next(), Pong)
        for worker in (first, second):
            worker.kill()
            assert await ear.next() == "was killed by SIGKILL"

    asyncio.run(story())


@pytest.mark.parametrize("is_dead", [True, False])
def test_one_that_is_dead_or_was_told_otherwise_is_not_used(is_dead: bool) -> None:
    """A worker's environment is what was decided of it; nothing is left of the other one."""

    async def story() -> None:
        ear, ready = Ear(), Child(ENVIRON)
        if is_dead:
            ready.process.kill()
            ready.process.wait()
        worker = await ear.launch(ProcessLauncher(ENVIRON | ({} if is_dead else {"CUDA_VISIBLE_DEVICES": ""}), ready))
        assert worker._process.pid != ready.process.pid
        assert ready.process.returncode is not None
        worker.kill()
        assert await ear.next() == "was killed by SIGKILL"

    asyncio.run(story())


@pytest.mark.parametrize(("age_s", "fresh"), [(0, True), (PULL_STALE_S + 10, False)])
def test_a_partial_file_counts_while_somebody_writes_to_it(tmp_path: Path, age_s: float, fresh: bool) -> None:
    """One that a crashed copy left behind is nobody's."""
    partial = partial_path(tmp_path / "m.gguf")
    partial.touch()
    os.utime(partial, (time.time() - age_s,) * 2)

    async def look() -> tuple[Seen | None, bool]:
        folder = ModelsDir(tmp_path)
        return await folder.seen("m.gguf"), await folder.is_pulling("m.gguf")

    assert asyncio.run(look()) == (None, fresh)


def test_a_whole_file_tells_when_it_was_written(tmp_path: Path) -> None:
    """A folder of that name is none, and neither is a link to nowhere; any other trouble is an error."""
    (tmp_path / "m.gguf").touch()
    os.utime(tmp_path / "m.gguf", (0, 1234))
    (tmp_path / "folder.gguf").mkdir()
    (tmp_path / "link.gguf").symlink_to("nowhere")
    (tmp_path / "loop.gguf").symlink_to("loop.gguf")

    def look(file: str) -> Seen | None:
        return asyncio.run(ModelsDir(tmp_path).seen(file))

    names = ("m.gguf", "folder.gguf", "link.gguf", "m.gguf/x")
    assert [look(name) for name in names] == [Seen(1234, 0), None, None, None]
    with pytest.raises(OSError, match="symbolic links"):
        look("loop.gguf")


def test_what_a_worker_takes_is_known_while_it_lives() -> None:
    """All of it, and what of that is no file's; nothing of one that has ended."""

    async def story() -> None:
        ear = Ear()
        worker = await ear.launch()
        worker.send(Ping())
        await ear.next()
        taken = await worker.taken()
        assert 0 < taken.anonymous_bytes < 2 * taken.num_bytes < 2**30
        worker.kill()
        await ear.next()
        assert await worker.taken() == Taken()

    asyncio.run(story())
