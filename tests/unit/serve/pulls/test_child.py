"""Tests of serve.pulls.child and serve.pulls.command: real processes against a hub on this machine."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.errors import ModelNotFoundError, RequestError
from serve.pulls.child import ProcessChild, ProcessLauncher
from serve.pulls.lines import Report
from serve.pulls.types import PullOrder, PullState
from tests.helpers.hub_server import HubState, file_sha256, hub_server

IMAGE = Path(__file__).parents[4] / "image"
ORDER = PullOrder("org/m", "m.gguf")
SIZE = 3_000_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[HubState]:
    """A hub with one file."""
    path = tmp_path / "m.gguf"
    path.write_bytes(random.Random(1).randbytes(SIZE))
    with hub_server({"org/m/m.gguf": path}, has_sums=True) as state:
        yield state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where it goes."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def names(folder: Path) -> list[str]:
    """What is there, but for locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def environ(state: HubState, **more: str) -> dict[str, str]:
    """Of whoever starts one."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE), "HF_ENDPOINT": state.url, "NO_PROXY": "*", **more}


async def pull(folder: Path, state: HubState, order: PullOrder = ORDER) -> tuple[list[Report], str]:
    """A child to its end."""
    child = await ProcessLauncher(folder, environ(state)).launch(order)
    reports = [report async for report in child.reports()]
    return reports, await child.end(discards=False)


async def started(folder: Path, state: HubState) -> ProcessChild:
    """A child in the middle of a download, which waits there."""
    child = await ProcessLauncher(folder, environ(state)).launch(ORDER)
    part = folder / ".m.gguf.part"
    while not (part.exists() and part.stat().st_size):
        await asyncio.sleep(0.02)
    return child


def test_a_child_tells_how_it_goes_until_the_file_is_there(folder: Path, state: HubState, tmp_path: Path) -> None:
    """Cut twice on the way."""
    state.cut_after = [1_000_000, 500_000]
    reports, how = asyncio.run(pull(folder, state))
    assert (reports[0].state, reports[-1].state, how) == (PullState.STARTING, PullState.COMPLETE, "ended with code 0")
    assert {report.total_bytes for report in reports} == {SIZE}
    assert file_sha256(folder / "m.gguf") == file_sha256(tmp_path / "m.gguf")
    assert names(folder) == ["m.gguf"]


def test_a_child_that_fails_says_why_in_its_last_line(folder: Path, state: HubState) -> None:
    """With the kind of its error."""
    reports, how = asyncio.run(pull(folder, state, PullOrder("org/m", "absent.gguf")))
    assert (reports[-1].state, how) == (PullState.FAILED, "ended with code 2")
    error = reports[-1].failure()
    assert type(error) is ModelNotFoundError
    assert "it has no such file" in str(error)


def test_a_child_sees_nothing_of_the_servers_secrets_but_the_hubs(folder: Path, state: HubState) -> None:
    """The token goes by the environment, never by the command line, which all users of a machine can read."""

    async def look() -> tuple[str, str]:
        state.may_go_on = threading.Event()
        given = environ(state, HF_TOKEN="hf-secret", SLIPWAY_API_KEYS_FILE="/keys", AWS_SECRET_ACCESS_KEY="x")
        child = await ProcessLauncher(folder, given).launch(ORDER)
        where = Path(f"/proc/{child.pid}")
        try:
            return (where / "environ").read_text(), (where / "cmdline").read_text()
        finally:
            state.may_go_on.set()
            await child.end(discards=True)

    seen, line = asyncio.run(look())
    assert {each.split("=")[0] for each in seen.split("\0") if each} == {
        *("PATH", "PYTHONPATH", "HF_ENDPOINT", "NO_PROXY", "HF_TOKEN"),
    }
    assert "secret" not in line


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_child_left_is_gone_on_from(folder: Path, state: HubState, number: signal.Signals) -> None:
    """The next one asks for the rest only."""

    async def story() -> None:
        state.may_go_on = threading.Event()
        child = await started(folder, state)
        os.kill(child.pid, number)
        assert await child.end(discards=False) == f"was killed by {number.name}"
        left = (folder / ".m.gguf.part").stat().st_size
        assert 0 < left < SIZE
        state.may_go_on.set()
        state.asked.clear()
        reports, _ = await pull(folder, state)
        assert reports[-1].state is PullState.COMPLETE
        assert {asked[2] for asked in state.asked if asked[0] == "GET"} == {f"bytes={left}-{SIZE - 1}"}

    asyncio.run(story())


def test_a_child_that_is_cancelled_leaves_nothing(folder: Path, state: HubState) -> None:
    """It cleans up itself, while it still is the only one who writes there."""

    async def story() -> None:
        state.may_go_on = threading.Event()
        child = await started(folder, state)
        assert await child.end(discards=True) == "ended with code 130"
        state.may_go_on.set()
        assert names(folder) == []

    asyncio.run(story())


def test_a_child_ends_with_its_parent(folder: Path, state: HubState) -> None:
    """Nothing is left behind when the server is killed, and what is written stays."""

    async def story() -> None:
        state.may_go_on = threading.Event()
        child = await started(folder, state)
        assert child._process.stdin is not None
        child._process.stdin.close()
        assert await asyncio.wait_for(child._process.wait(), 10) == 1
        state.may_go_on.set()
        assert names(folder) == [".m.gguf.part", ".m.gguf.part.json"]

    asyncio.run(story())


def test_two_processes_pull_a_file_once(folder: Path, state: HubState) -> None:
    """Two servers that share a volume: the second waits, and finds it there."""

    async def story() -> None:
        state.may_go_on = threading.Event()
        first = await started(folder, state)
        second = await ProcessLauncher(folder, environ(state)).launch(ORDER)
        reports = second.reports()
        said = [await anext(reports), await anext(reports)]
        assert "another process writes the same file" in said[1].message
        state.may_go_on.set()
        rest = [report async for report in reports]
        assert rest[-1].state is PullState.COMPLETE
        assert [report.state async for report in first.reports()][-1] is PullState.COMPLETE
        for each in (first, second):
            await each.end(discards=False)
        assert len([asked for asked in state.asked if "X-Signature" in asked[1]]) == 1

    asyncio.run(story())


def test_what_is_no_line_ends_the_child(tmp_path: Path) -> None:
    """It is not to be trusted any more."""

    async def story() -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "import time; print('hello', flush=True); time.sleep(60)"),
            stdout=asyncio.subprocess.PIPE,
        )
        child = ProcessChild(process)
        with pytest.raises(RequestError, match="does not speak as it should"):
            _ = [report async for report in child.reports()]
        assert await child.end(discards=False) == "was killed by SIGKILL"

    asyncio.run(story())


def test_the_command_line_is_what_jobs_use(folder: Path, state: HubState, tmp_path: Path) -> None:
    """Words in the log, one line for an error; what has the name and is another file gives way."""
    sha256 = file_sha256(tmp_path / "m.gguf")
    (folder / "1a-m.gguf").write_bytes(b"older")
    command = [sys.executable, "-m", "serve", "pull", "--repo", "org/m", "--revision", "main", "--to", str(folder)]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        env = environ(state)
        return subprocess.run([*command, *more], env=env, capture_output=True, text=True, timeout=30, check=False)

    wanted = ("--file", "m.gguf", "--as", "1a-m.gguf", "--sha256", sha256)
    first, second, third = run(*wanted), run(*wanted), run("--file", "absent.gguf")
    assert (first.returncode, second.returncode, third.returncode) == (0, 0, 2)
    assert "1a-m.gguf is pulled" in first.stderr
    assert "is there and right: nothing to do" in second.stderr
    assert third.stderr.splitlines()[-1] == (
        "serve: org/m@main/absent.gguf can't be pulled: the hub answers 404 for org/m: it has no such file"
    )
    assert file_sha256(folder / "1a-m.gguf") == sha256
