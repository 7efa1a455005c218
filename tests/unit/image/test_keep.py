"""What keeps the tunnel's container running: the real program, with scripts in cloudflared's place."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.helpers.c_library import compile_program

SOURCE = Path("image/sidecars/cloudflared/keep.c")
ON = {"KEEP_RUNNING": "true"}
PATIENCE_S = 30


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("keep") / "keep", SOURCE)


@contextmanager
def started(keep: Path, script: str, environ: Mapping[str, str] = ON) -> Iterator[subprocess.Popen[str]]:
    """Keep a shell that runs a script; it is gone afterwards."""
    argv = [str(keep), "sh", "-c", script]
    with subprocess.Popen(
        argv,
        env={"PATH": os.environ["PATH"], **environ},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the script, too


def line(process: subprocess.Popen[str]) -> str:
    """The next one that the script writes."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip()


def test_what_ends_is_started_again_and_said_so(keep: Path) -> None:
    """With longer and longer pauses, and what it ended with."""
    with started(keep, "echo begun; exit 3") as process:
        assert [line(process) for _ in range(3)] == ["begun"] * 3
        process.terminate()
        said = process.communicate(timeout=PATIENCE_S)[1].splitlines()
    assert said[0].startswith("keep: sh ended with 3 after ")
    assert [each.rsplit("in ", 1)[1] for each in said[:2]] == ["1 s", "2 s"]


def test_what_is_killed_is_started_again(keep: Path) -> None:
    """As one that needs more memory than it may have."""
    with started(keep, "echo $$; kill -9 $$") as process:
        first, second = line(process), line(process)
        assert first != second
        process.terminate()
        said = process.communicate(timeout=PATIENCE_S)[1]
    assert said.startswith(f"keep: sh ended with {128 + signal.SIGKILL} ")


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_program_that_is_told_to_end_ends_in_its_own_way(keep: Path, told: signal.Signals) -> None:
    """It may finish what it does, and what it says with its end is passed on."""
    name = told.name.removeprefix("SIG")
    with started(keep, f"trap 'echo finished; exit 7' {name}; echo ready; while :; do sleep 0.05; done") as process:
        assert line(process) == "ready"
        process.send_signal(told)
        rest, said = process.communicate(timeout=PATIENCE_S)
    assert (rest, said, process.returncode) == ("finished\n", "", 7)


def test_signals_that_were_ignored_reach_the_program(keep: Path) -> None:
    """A shell ignores SIGINT for what it starts in the background, and whoever is started inherits that."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with started(keep, "trap 'exit 7' INT; echo ready; while :; do sleep 0.05; done") as process:
            assert line(process) == "ready"
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE_S) == 7
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_a_pause_it_ends_at_once(keep: Path) -> None:
    """Nothing is left to wait for."""
    with started(keep, "exit 1") as process:
        assert process.stderr is not None
        assert process.stderr.readline().endswith("it starts again in 1 s\n")
        assert process.stderr.readline().endswith("it starts again in 2 s\n")
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("environ", [{}, {"KEEP_RUNNING": "false"}])
def test_unless_it_is_asked_to_it_is_the_program(keep: Path, environ: dict[str, str]) -> None:
    """The same process, so whoever watches the container sees what it ends with."""
    with started(keep, "echo $$; exit 5", environ) as process:
        assert line(process) == str(process.pid)
        assert process.wait(PATIENCE_S) == 5


@pytest.mark.parametrize("environ", [{}, ON])
def test_a_program_that_is_not_there_ends_it(keep: Path, environ: dict[str, str]) -> None:
    """It won't be there the next time."""
    done = subprocess.run([str(keep), "/no/such"], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, "keep: /no/such: No such file or directory\n")


def test_without_a_program_it_says_what_it_needs(keep: Path) -> None:
    """In one line."""
    done = subprocess.run([str(keep)], env=ON, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "keep: no program; allowed: keep PROGRAM ARGUMENT...\n")


def test_orphans_of_the_program_are_no_end(keep: Path) -> None:
    """It is the container's first process: what others leave behind becomes its child."""
    script = "(sleep 0.05 &) ; echo begun; sleep 0.3; echo there; exec sleep 60"
    argv = ["unshare", "--user", "--map-root-user", "--pid", "--kill-child", str(keep), "sh", "-c", script]
    with subprocess.Popen(argv, env={"PATH": os.environ["PATH"], **ON}, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert [line(process), line(process)] == ["begun", "there"]
            assert process.poll() is None
        finally:
            process.kill()
