"""What is known of all services now: written by the monitor's loop, read by the pages' threads.

Each entry is replaced as a whole, so a reader never sees half of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from health_monitor.check import Failure
from health_monitor.services import Service
from health_monitor.state import State


@dataclass(frozen=True, slots=True)
class Entry:
    """One service. Times `_s` are of the monotonic clock, `_at` of the calendar.

    Attributes:
        due_s: by when its next check must be done, or the monitor itself is not well.
        failure: of the last check; None: it was well, or there was none.
    """

    service: Service
    state: State
    due_s: float
    since_at: float
    checked_at: float | None = None
    failure: Failure | None = None


class Board:
    """All services, in their order."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def put(self, entry: Entry) -> None:
        """What is known of a service now."""
        self._entries[entry.service.name] = entry

    def entries(self) -> Mapping[str, Entry]:
        """By name."""
        return dict(self._entries)

    def late(self, now_s: float) -> list[str]:
        """Services that were not asked when they should have been: this monitor's fault, not theirs."""
        return [name for name, entry in self.entries().items() if now_s > entry.due_s]
