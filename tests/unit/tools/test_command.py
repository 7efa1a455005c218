"""Programs run to their end; a failure is one readable error; an interruption is passed on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.command import Terminated, attend, attend_both, feed, interrupt_on_sigterm, run, succeeds
from tools.errors import CommandFailed, PrerequisiteMissing
from tools.settings import ROOT

CHILD = """
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
try:
    (folder / "ready").touch()
    time.sleep(30)
except KeyboardInterrupt:
    if sys.argv[2] == "stubborn":
        (folder / "asked").touch()
        time.sleep(30)
    time.sleep(0.6)  # longer than subprocess.run() would wait
    (folder / "cleaned").touch()
"""
PARENT = """
import sys
from tools import command
command.interrupt_on_sigterm()
child = [sys.executable, *sys.argv[2:]]
try:
    if sys.argv[1] == "attend_both":
        command.attend_both([sys.executable, "-c", "import time; time.sleep(30)"], child)
    else:
        getattr(command, sys.argv[1])(child)
except KeyboardInterrupt:
    raise SystemExit(130)
"""


def test_each_line_is_shown_as_it_comes_and_all_of_it_is_returned() -> None:
    """Progress displays follow the lines."""
    seen: list[str] = []
    assert run([sys.executable, "-c", "print('a'); print('b')"], on_line=seen.append) == "a\nb\n"
    assert seen == ["a", "b"]


def test_a_failure_names_the_program_its_status_and_its_last_words(tmp_path: Path) -> None:
    """And where the whole log is."""
    log = tmp_path / "log"
    with pytest.raises(CommandFailed, match=rf"status 3 \(all of it: {log}\)\n  \| boom"):
        run([sys.executable, "-c", "print('boom'); raise SystemExit(3)"], log=log)
    assert log.read_text() == "boom\n"


def test_a_program_that_is_not_there_is_a_missing_prerequisite() -> None:
    """Not a traceback."""
    for start in (run, attend):
        with pytest.raises(PrerequisiteMissing, match="'no-such-program' is missing"):
            start(["no-such-program"])


def test_warnings_stay_out_of_output_that_is_parsed_but_not_out_of_errors() -> None:
    """A warning before JSON would break its reader."""
    script = "import sys; print('{}'); print('warning: x', file=sys.stderr); sys.exit(int(sys.argv[1]))"
    assert run([sys.executable, "-c", script, "0"], only_stdout=True) == "{}\n"
    with pytest.raises(CommandFailed, match=r"(?s)  \| \{\}\n  \| warning: x"):
        run([sys.executable, "-c", script, "1"], only_stdout=True)


def interrupted(how: str, folder: Path, mood: str) -> subprocess.Popen[bytes]:
    """A run of ours whose child has begun its work; both in a process group, as on a terminal."""
    argv = [sys.executable, "-c", PARENT, how, "-c", CHILD, str(folder), mood]
    parent = subprocess.Popen(
        argv, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL, preexec_fn=hear_interruptions
    )
    wait_for(folder / "ready")
    return parent


def hear_interruptions() -> None:
    """A shell lets what it starts in the background ignore Ctrl-C; the tests may run there."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["run", "attend", "attend_both"])
@pytest.mark.parametrize("by", ["Ctrl-C", "SIGTERM"])
def test_an_interrupted_program_may_clean_up(how: str, by: str, tmp_path: Path) -> None:
    """Ctrl-C reaches it from the terminal; SIGTERM comes to us alone and is passed on."""
    parent = interrupted(how, tmp_path, "polite")
    if by == "Ctrl-C":
        os.killpg(parent.pid, signal.SIGINT)
    else:
        parent.terminate()
    assert parent.wait(20) == 130
    assert (tmp_path / "cleaned").exists()


@pytest.mark.parametrize("how", ["run", "attend"])
def test_a_second_interruption_kills(how: str, tmp_path: Path) -> None:
    """Nobody is held by a program that does not end."""
    parent = interrupted(how, tmp_path, "stubborn")
    os.killpg(parent.pid, signal.SIGINT)
    wait_for(tmp_path / "asked")
    started = time.monotonic()
    parent.terminate()
    assert parent.wait(20) == 130
    assert time.monotonic() - started < 10
    assert not (tmp_path / "cleaned").exists()


def test_of_two_programs_the_second_speaks_when_both_have_ended(capfd: pytest.CaptureFixture[str]) -> None:
    """Never between the lines of the first; and no failure is lost."""
    script = "import sys, time; print(sys.argv[1], flush=True); time.sleep(float(sys.argv[2])); print(sys.argv[1]); "
    first, second = ([sys.executable, "-c", f"{script} sys.exit({n})", f"part {n}", f"{n / 5}"] for n in (2, 1))
    assert attend_both(first, second) == [2, 1]
    assert capfd.readouterr().out.splitlines() == ["part 2", "part 2", "part 1", "part 1"]


def test_sigterm_ends_as_an_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    """So every clean-up that Ctrl-C runs is run."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        interrupt_on_sigterm()
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_text_is_fed_to_a_program_and_its_failure_has_its_last_words() -> None:
    """As for any other program."""
    feed([sys.executable, "-c", "import sys; assert sys.stdin.read() == 'objects'"], "objects")
    with pytest.raises(CommandFailed, match=r"status 4\n  \| refused"):
        feed([sys.executable, "-c", "import sys; print('refused', file=sys.stderr); sys.exit(4)"], "objects")


def test_a_question_is_answered_by_the_exit_status_alone() -> None:
    """No output, no error."""
    assert succeeds("true")
    assert not succeeds("false")
