"""Processes are started once, found again, and stopped; other people's are never touched. Uses small real processes."""

import json
import os
import sys
from pathlib import Path

import psutil
import pytest

from tests.unit.tools import support
from tools.cluster.daemon import Daemon, Daemons
from tools.errors import ProcessDied

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def daemons(tmp_path: Path) -> Daemons:
    layout = support.layout(tmp_path)
    layout.dir.mkdir(parents=True)
    return Daemons(layout)


def test_a_second_start_finds_the_process_and_starts_nothing(daemons: Daemons) -> None:
    """`make up` repeats safely."""
    sleeper = Daemon("sleeper", SLEEP, lambda: True)
    assert daemons.start(sleeper) is True
    assert daemons.start(sleeper) is False
    daemons.stop(["sleeper"])
    assert not daemons.is_running("sleeper")
    assert daemons.names() == []


def test_a_process_that_ends_before_it_is_ready_is_an_error_with_its_last_words(daemons: Daemons) -> None:
    """The user sees why, and where the rest is."""
    program = (sys.executable, "-c", "print('bad flag'); raise SystemExit(2)")
    with pytest.raises(ProcessDied, match=r"broken ended before it was ready(.|\n)*bad flag"):
        daemons.start(Daemon("broken", program, lambda: False))


def test_a_pid_that_belongs_to_another_program_now_is_not_taken_for_ours(daemons: Daemons, tmp_path: Path) -> None:
    """After a reboot pids are given anew: our record of a start time tells them apart."""
    run = support.layout(tmp_path).run
    run.mkdir(parents=True)
    (run / "etcd.pid").write_text(json.dumps({"pid": os.getpid(), "started": "another-boot/1"}))
    assert not daemons.is_running("etcd")
    daemons.stop(["etcd"])
    assert psutil.pid_exists(os.getpid())


def test_a_process_that_ignores_a_polite_end_is_killed(daemons: Daemons, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make down` always ends."""
    monkeypatch.setattr("tools.cluster.daemon.STOP_TIMEOUT_S", 0.3)
    stubborn = (
        "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    log = daemons.log("stubborn")
    is_up = lambda: log.exists() and "up" in log.read_text()  # noqa: E731
    daemons.start(Daemon("stubborn", (sys.executable, "-c", stubborn), is_up))
    daemons.stop(["stubborn"])
    assert not daemons.is_running("stubborn")


def test_a_stepped_clock_does_not_hide_a_process(daemons: Daemons, tmp_path: Path) -> None:
    """The record counts from boot: it names this boot and the ticks, no time of day."""
    daemons.start(Daemon("sleeper", SLEEP, lambda: True))
    record = json.loads((support.layout(tmp_path).run / "sleeper.pid").read_text())
    boot, ticks = record["started"].split("/")
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    since_boot_s = int(ticks) / os.sysconf("SC_CLK_TCK")
    assert 0 <= float(Path("/proc/uptime").read_text().split()[0]) - since_boot_s < 30
    assert record["program"] == sys.executable
    daemons.stop(["sleeper"])


def test_only_dead_processes_that_nobody_wants_are_forgotten(daemons: Daemons, tmp_path: Path) -> None:
    """What runs can still be stopped, and what is wanted is still missed."""
    daemons.start(Daemon("sleeper", SLEEP, lambda: True))
    for name in ("kwok", "etcd"):
        record = {"pid": os.getpid(), "started": "another-boot/1"}
        (support.layout(tmp_path).run / f"{name}.pid").write_text(json.dumps(record))
    daemons.forget_dead(["etcd"])
    assert daemons.names() == ["etcd", "sleeper"]
    daemons.stop(["sleeper"])
