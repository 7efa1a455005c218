"""Tests of health_monitor.monitor: what one service's task does over time, by a clock of its own."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from health_monitor.board import Board
from health_monitor.change import Change
from health_monitor.check import Failure
from health_monitor.metrics import Metrics
from health_monitor.monitor import LATE_S, Parts, Watch
from health_monitor.pauses import Pauses
from health_monitor.services import Service
from health_monitor.state import State
from tests.unit.sidecars.support import REFUSED, Answers, FakeClock, collect, service


class Lab:
    """One service, watched until its clock ends."""

    def __init__(self, answers: list[Failure | None], watched: Service | None = None, end_s: float = 100.0) -> None:
        self.service = watched or service()
        self.clock = FakeClock(end_s)
        self.board, self.metrics = Board(), Metrics((self.service,))
        self.told, tell = collect()
        pauses = Pauses(backoff_max_s=60.0, jitter=0.0, chance=lambda: 0.5)
        self.answers = Answers(answers)
        self.watch = Watch(self.service, Parts(self.answers, self.clock, pauses, self.board, self.metrics, tell))

    def run(self) -> Lab:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(self.watch.run())
        return self

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, {"service": self.service.name, **labels})


def changes(told: list[Change]) -> list[tuple[State, State]]:
    return [(change.before, change.after) for change in told]


def test_a_service_that_is_well_is_asked_at_its_pace_and_nobody_is_told() -> None:
    """Every 10 s; that it is up at the start is no news."""
    lab = Lab([None]).run()
    assert lab.clock.slept == [0.0] + [10.0] * 10
    assert lab.told == []
    assert lab.board.entries()["chat"].state is State.UP
    assert lab.value("health_monitor_changes_total", to="up") == 1


def test_one_that_fails_is_called_down_and_then_asked_less_and_less_often() -> None:
    """Three checks at its pace, then pauses that double up to the bound."""
    lab = Lab([None, REFUSED], end_s=200.0).run()
    assert lab.clock.slept == [0.0, 10.0, 10.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert changes(lab.told) == [(State.UP, State.DOWN)]
    assert lab.told[0].failure == REFUSED


def test_one_that_answers_again_is_asked_at_its_usual_pace_at_once() -> None:
    """Two successes 10 s apart, and it is up; what is told says how long it was down."""
    lab = Lab([None, REFUSED, REFUSED, REFUSED, REFUSED, None], end_s=150.0).run()
    assert lab.clock.slept[:9] == [0.0, 10.0, 10.0, 10.0, 20.0, 40.0, 10.0, 10.0, 10.0]
    assert changes(lab.told) == [(State.UP, State.DOWN), (State.DOWN, State.UP)]
    assert lab.told[1].lasted_s == 70.0


def test_one_that_fails_again_before_it_was_up_is_left_alone_longer_again() -> None:
    """One success is not enough, and one failure after it is enough for a longer pause."""
    lab = Lab([None, REFUSED, REFUSED, REFUSED, None, REFUSED, REFUSED], end_s=120.0).run()
    assert lab.clock.slept[:8] == [0.0, 10.0, 10.0, 10.0, 20.0, 10.0, 20.0, 20.0]
    assert changes(lab.told) == [(State.UP, State.DOWN)]


def test_failures_do_not_count_while_a_service_may_still_start() -> None:
    """A model that loads for a minute is no outage; after its time it is."""
    starting = service(start_s=60.0)
    assert Lab([REFUSED] * 6 + [None], starting).run().told == []
    assert changes(Lab([REFUSED], starting).run().told) == [(State.UNKNOWN, State.DOWN)]


def test_once_it_was_well_its_time_to_start_is_over() -> None:
    """A service that comes and dies at once is down after three failures, not after a minute."""
    lab = Lab([None, REFUSED], service(start_s=1000.0)).run()
    assert changes(lab.told) == [(State.UP, State.DOWN)]


def test_every_check_is_counted() -> None:
    """By reason, with its time, and the last that went well with its moment."""
    lab = Lab([None, None, Failure("status", "it answers 500"), REFUSED], end_s=40.0).run()
    assert lab.value("health_monitor_check_failures_total", reason="status") == 1
    assert lab.value("health_monitor_check_failures_total", reason="connection") == 1
    assert lab.value("health_monitor_check_failures_total", reason="timeout") == 0
    assert lab.value("health_monitor_check_seconds_count") == 4
    assert lab.value("health_monitor_last_success_timestamp_seconds") == 1_700_001_010.0


def test_exactly_one_state_is_1() -> None:
    """Also after changes."""
    lab = Lab([None, REFUSED]).run()
    found = {state: lab.value("health_monitor_service_state", state=state.value) for state in State}
    assert found == {State.UNKNOWN: 0.0, State.UP: 0.0, State.DOWN: 1.0}


def test_a_monitor_that_does_not_ask_when_it_should_is_late() -> None:
    """It is due after its pause and its timeout, with some patience; what the service answers does not matter."""
    lab = Lab([REFUSED], end_s=30.0).run()
    now_s = lab.clock.now
    assert lab.board.late(now_s) == []
    assert lab.board.late(now_s + 60.0 + 5.0 + LATE_S + 1) == ["chat"]


def test_changes_are_logged_without_what_may_be_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Down is a warning with its reason; no line has the address."""
    secret = service(url="http://user:secret@chat/?token=secret")
    with caplog.at_level(logging.DEBUG, logger="health_monitor"):
        Lab([None, REFUSED], secret).run()
    [down] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert (vars(down)["service"], vars(down)["to"], vars(down)["reason"]) == ("chat", "down", "connection refused")
    assert "secret" not in json.dumps([vars(record) for record in caplog.records], default=str)
