"""Run a program to its end, keep what it printed, and turn a failure into one readable error.

An interruption is passed on, not a kill: Pulumi, pytest and Go end their own work, release their locks and remove what
they began. Only a second interruption kills.
"""

from __future__ import annotations

import collections
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import IO

from tools.errors import CommandFailed, PrerequisiteMissing

NUM_TAIL_LINES = 25


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled as Ctrl-C is; but the terminal did not tell our children."""


def interrupt_on_sigterm() -> None:
    """A polite end runs the same clean-up as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _terminate)


def run(
    argv: list[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    only_stdout: bool = False,
) -> str:
    """Run `argv`; give each line of its output to `on_line` as it comes; return all of its output.

    With `only_stdout` its errors and warnings are kept out of what is returned: for output that is parsed.
    Raises CommandFailed with the last lines of both, or PrerequisiteMissing when there is no such program.
    """
    lines: list[str] = []
    with tempfile.TemporaryFile("w+", errors="replace") as apart:
        stderr = apart if only_stdout else subprocess.STDOUT
        proc = _start(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
        with proc, log.open("a") if log else open("/dev/null", "w") as sink:  # noqa: PTH123
            assert proc.stdout is not None
            try:
                for line in proc.stdout:
                    lines.append(line)
                    sink.write(line)
                    if on_line:
                        on_line(line.rstrip("\n"))
            except KeyboardInterrupt as e:
                _let_end(proc, e)
                raise
            except BaseException:
                proc.terminate()
                raise
        if proc.returncode:
            apart.seek(0)
            raise CommandFailed(argv, proc.returncode, tail([*lines, *apart]), log)
    return "".join(lines)


def feed(argv: list[str], text: str) -> None:
    """Run `argv` with `text` as its input, to the end; CommandFailed with its last words on an error."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(argv, done.returncode, tail(done.stderr.splitlines(keepends=True)))


def succeeds(*argv: str) -> bool:
    """Run what may fail, in silence: a question, or an undo where there may be nothing to undo."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def attend(argv: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> int:
    """Run `argv` on our own terminal; returns its status. For programs that a person watches."""
    proc = _start(argv, cwd=cwd, env=env)
    try:
        return proc.wait()
    except KeyboardInterrupt as e:
        _let_end(proc, e)
        raise


def attend_both(
    argv: list[str], other: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> list[int]:
    """Run two at once; returns their statuses. The first has our terminal; what the other said follows at the end."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        beside = _start(other, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            statuses = [attend(argv, cwd=cwd, env=env), beside.wait()]
        except BaseException as e:
            _let_end(beside, e if isinstance(e, KeyboardInterrupt) else Terminated())
            raise
        finally:
            said.seek(0)
            shutil.copyfileobj(said, sys.stdout)
            sys.stdout.flush()
    return statuses


def tail(lines: list[str]) -> str:
    """The last lines, indented: enough to see why, short enough to read."""
    return "".join("  | " + line for line in collections.deque(lines, NUM_TAIL_LINES))


def tail_of(log: Path) -> str:
    """The last lines of a log file; empty when it can't be read."""
    try:
        return tail(log.read_text(errors="replace").splitlines(keepends=True))
    except OSError:
        return ""


def _start(
    argv: list[str],
    *,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: int | None = None,
    stdout: int | IO[str] | None = None,
    stderr: int | IO[str] | None = None,
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            argv, cwd=cwd, env=env, text=True, errors="replace", stdin=stdin, stdout=stdout, stderr=stderr
        )
    except FileNotFoundError as e:
        raise PrerequisiteMissing(f"the program {argv[0]!r} is missing", "install it and try again") from e


def _let_end(proc: subprocess.Popen[str], why: KeyboardInterrupt) -> None:
    """Wait for the child's own clean-up. Ctrl-C went to it too: a second signal would make it drop everything."""
    if isinstance(why, Terminated):
        proc.send_signal(signal.SIGINT)
    name = Path(str(proc.args[0] if isinstance(proc.args, list) else proc.args)).name
    print(f"interrupted: waiting for {name} to clean up; once more kills it", file=sys.stderr, flush=True)
    try:
        proc.communicate()  # reads on, so that a child with much to say is not stuck
    except KeyboardInterrupt:
        proc.kill()
        proc.wait()
        raise


def _terminate(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise Terminated
