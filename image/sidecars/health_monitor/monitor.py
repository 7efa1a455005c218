"""Watches one service: asks, counts, notes what it found, waits, asks again. A task a service: none waits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from health_monitor.board import Board, Entry
from health_monitor.change import Change
from health_monitor.check import Checker, Failure
from health_monitor.clock import Clock
from health_monitor.metrics import Metrics
from health_monitor.pauses import Pauses
from health_monitor.services import Service
from health_monitor.state import State, Tracker

LATE_S = 30.0
"""By how much a check may be late before the monitor is called unwell: a machine may be busy."""

logger = logging.getLogger("health_monitor")


@dataclass(frozen=True, slots=True)
class Parts:
    """What all watches share. `tell` is told of each change that is news, and returns at once."""

    check: Checker
    clock: Clock
    pauses: Pauses
    board: Board
    metrics: Metrics
    tell: Callable[[Change], None]


class Watch:
    """One service."""

    def __init__(self, service: Service, parts: Parts) -> None:
        self._service = service
        self._parts = parts
        self._tracker = Tracker(service.pace.down_after, service.pace.up_after)
        self._started_s = parts.clock.now_s()
        self._since_s = self._started_s
        self._since_at = parts.clock.epoch_s()

    async def run(self) -> None:
        """Until it is cancelled."""
        pause_s = self._parts.pauses.first_s(self._service.pace.interval_s)
        self._note(pause_s, None, is_first=True)
        while True:
            await self._parts.clock.sleep(pause_s)
            pause_s = await self.step()

    async def step(self) -> float:
        """One check and what follows from it; how long to wait for the next."""
        clock, name = self._parts.clock, self._service.name
        began_s = clock.now_s()
        failure = await self._parts.check(self._service)
        seconds = clock.now_s() - began_s
        self._parts.metrics.on_check(name, seconds, failure, clock.epoch_s())
        said = {"service": name, "seconds": round(seconds, 4)} | ({"reason": failure.text} if failure else {})
        logger.debug("checked", extra=said)
        if failure is None or not self._may_still_start():
            self._count(failure)
        pause_s = self._parts.pauses.next_s(self._service.pace.interval_s, self._num_beyond())
        self._note(pause_s, failure)
        return pause_s

    def _may_still_start(self) -> bool:
        age_s = self._parts.clock.now_s() - self._started_s
        return self._tracker.state is State.UNKNOWN and age_s < self._service.pace.start_s

    def _num_beyond(self) -> int:
        """Failures since it was called down. One success, and it is asked at its usual pace: it may be back."""
        tracker = self._tracker
        is_failing = tracker.state is State.DOWN and tracker.was_well is False
        # Down again before it was called up: the count began anew, and may be below what called it down at first.
        return max(tracker.num_in_a_row - tracker.down_after + 1, 1) if is_failing else 0

    def _count(self, failure: Failure | None) -> None:
        before = self._tracker.state
        self._tracker = self._tracker.after(is_well=failure is None)
        if self._tracker.state is not before:
            self._change(before, failure)

    def _change(self, before: State, failure: Failure | None) -> None:
        clock, state = self._parts.clock, self._tracker.state
        now_s, now_at = clock.now_s(), clock.epoch_s()
        change = Change(self._service, before, state, now_at, now_s - self._since_s, failure)
        self._since_s, self._since_at = now_s, now_at
        self._parts.metrics.on_change(self._service.name, state)
        said = {
            "service": self._service.name,
            "from": before.value,
            "to": state.value,
            "lasted_s": round(change.lasted_s, 3),
            **({"reason": failure.text} if failure else {}),
        }
        logger.log(logging.WARNING if state is State.DOWN else logging.INFO, "changed", extra=said)
        if change.is_news:
            self._parts.tell(change)

    def _note(self, pause_s: float, failure: Failure | None, *, is_first: bool = False) -> None:
        clock = self._parts.clock
        self._parts.board.put(
            Entry(
                service=self._service,
                state=self._tracker.state,
                due_s=clock.now_s() + pause_s + self._service.pace.timeout_s + LATE_S,
                since_at=self._since_at,
                checked_at=None if is_first else clock.epoch_s(),
                failure=failure,
            )
        )
