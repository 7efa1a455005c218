"""Children, and that none is left behind."""

import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tools.plugins.language_host.commands import Command
from tools.plugins.language_host.errors import CommandError
from tools.plugins.language_host.processes import Children, Chunk, Stream


def python(code: str) -> Command:
    """Run a piece of Python."""
    return Command((sys.executable, "-c", code), dict(os.environ))


def first_line(run: Generator[Chunk, None, int]) -> bytes:
    """What a child says first, in however many pieces it comes."""
    said = b""
    while not said.endswith(b"\n"):
        said += next(run)[1]
    return said


def rest(run: Generator[Chunk, None, int]) -> int:
    """Read a child to its end; its status."""
    try:
        while True:
            next(run)
    except StopIteration as end:
        status: int = end.value
        return status


def stay(_callback: Callable[[], None]) -> bool:
    """A call that goes on."""
    return True


def ended(_callback: Callable[[], None]) -> bool:
    """A call that has ended already."""
    return False


def is_running(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_run_gives_the_exit_status() -> None:
    """Of a program that ends by itself."""
    assert Children().run(python("import sys; sys.exit(32)"), stay) == 32


def test_a_child_that_starts_after_the_call_has_ended_is_ended() -> None:
    """A cancel may come at any moment."""
    assert Children().run(python("import time; time.sleep(60)"), ended) == -signal.SIGTERM


def test_capture_gives_output_or_an_error_with_what_the_helper_said() -> None:
    """For short helpers."""
    assert Children().capture(python("print('hello')")) == "hello\n"
    with pytest.raises(CommandError, match="exit status 3\nbad luck"):
        Children().capture(python("import sys; print('bad luck', file=sys.stderr); sys.exit(3)"))


def test_stream_gives_both_outputs_as_they_come_and_the_status() -> None:
    """Before the child has ended."""
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr, flush=True); input(); sys.exit(5)"
    run = Children().stream(python(code), stay)
    seen: dict[Stream, bytes] = {Stream.STDOUT: b"", Stream.STDERR: b""}
    try:
        while True:
            kind, data = next(run)
            seen[kind] += data
    except StopIteration as end:
        status = end.value
    assert seen[Stream.STDOUT] == b"out\n"
    assert seen[Stream.STDERR].startswith(b"err\n")
    assert status == 1  # no standard input: the program ends with EOFError


def test_stopping_ends_a_child_with_all_that_it_has_started(tmp_path: Path) -> None:
    """A grandchild has the same session."""
    pids = tmp_path / "pids"
    code = (
        "import os, subprocess, time; child = subprocess.Popen(['sleep', '60']); "
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); print('up', flush=True); time.sleep(60)"
    )
    children = Children()
    run = children.stream(python(code), stay)
    assert first_line(run) == b"up\n"
    children.stop()
    assert rest(run) == -signal.SIGTERM
    deadline = time.monotonic() + 5
    while any(map(is_running, map(int, pids.read_text().split()))):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_child_that_ignores_the_signal_is_killed() -> None:
    """After a grace period."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    children = Children(grace_s=0.2)
    run = children.stream(python(code), stay)
    first_line(run)
    children.stop()
    assert rest(run) == -signal.SIGKILL


def test_a_reader_that_leaves_early_ends_the_child() -> None:
    """The engine may drop the stream."""
    run = Children().stream(python("import os, time; print(os.getpid(), flush=True); time.sleep(60)"), stay)
    pid = int(first_line(run))
    run.close()
    deadline = time.monotonic() + 5
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
