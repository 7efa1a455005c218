"""A service's state, of the results of its checks. Pure.

                 first success
        ┌───────┐ ──────────────────────> ┌──────┐
        │unknown│                         │  up  │ <─┐
        └───────┘                         └──────┘   │
             │  `down_after`                  │      │ `up_after`
             │  failures in a row             │      │ successes in a row
             │                ┌──────┐ <──────┘      │
             └──────────────> │ down │ ──────────────┘
                              └──────┘

One result that is different from those before starts the count anew: a service that answers every second time stays
what it was. Down needs several failures because one may be the network's; up needs several successes because a
process that dies as it starts answers once, too. A service of which nothing is known is believed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What is said of a service."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Tracker:
    """One service. `num_in_a_row`: results of the last kind, `was_well`, that came one after the other."""

    down_after: int
    up_after: int
    state: State = State.UNKNOWN
    num_in_a_row: int = 0
    was_well: bool | None = None

    def after(self, *, is_well: bool) -> Tracker:
        """With one more result."""
        count = self.num_in_a_row + 1 if is_well is self.was_well else 1
        return Tracker(self.down_after, self.up_after, self._state(count, is_well=is_well), count, is_well)

    def _state(self, count: int, *, is_well: bool) -> State:
        if is_well:
            is_enough = count >= self.up_after or self.state is State.UNKNOWN
            return State.UP if is_enough else self.state
        return State.DOWN if count >= self.down_after else self.state
