"""Run a program to its end, keep what it printed, and turn a failure into one readable error."""

from __future__ import annotations

import collections
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.errors import CommandFailed, PrerequisiteMissing

NUM_TAIL_LINES = 25


def run(
    argv: list[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run `argv`; give each line of its output to `on_line` as it comes; return all of its output.

    Raises CommandFailed with the last lines, or PrerequisiteMissing when there is no such program.
    """
    lines: list[str] = []
    try:
        proc = subprocess.Popen(
            argv, cwd=cwd, env=env, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except FileNotFoundError as e:
        raise PrerequisiteMissing(f"the program {argv[0]!r} is missing", "install it and try again") from e
    with proc, log.open("a") if log else open("/dev/null", "w") as sink:  # noqa: PTH123
        assert proc.stdout is not None
        try:
            for line in proc.stdout:
                lines.append(line)
                sink.write(line)
                if on_line:
                    on_line(line.rstrip("\n"))
        except BaseException:
            proc.terminate()
            raise
    if proc.returncode:
        raise CommandFailed(argv, proc.returncode, tail(lines), log)
    return "".join(lines)


def tail(lines: list[str]) -> str:
    """The last lines, indented: enough to see why, short enough to read."""
    return "".join("  | " + line for line in collections.deque(lines, NUM_TAIL_LINES))


def tail_of(log: Path) -> str:
    """The last lines of a log file; empty when it can't be read."""
    try:
        return tail(log.read_text(errors="replace").splitlines(keepends=True))
    except OSError:
        return ""
