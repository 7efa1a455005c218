"""The life of one model in this server, as a pure state machine. Time and chance are passed in."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

BACKOFF_BASE_S = 0.5
BACKOFF_MAX_S = 60.0
# After serving this long, a crash counts as the first one again.
STABLE_S = 60.0

#                +---------+  a request has it pulled,   +---------+
#     file gone  | ABSENT  |  or somebody writes it      | PULLING |
#   +----------> |         | ------------------------->  |         |
#   |            |         | <-------------------------  |         |
#   |            +---------+          given up           +---------+
#   |                 | file is there                         | file is there
#   |                 v                                       |
#   |     +---------------+ <---------------------------------+
#   +---- | READY_ON_DISK | <-----------------------------------+
#         +---------------+ <---------------+                   |
#                 |                         | backoff is over   | worker has ended:
#                 | wanted, and             | and it is wanted, | its memory is free
#                 | there is room           | or another file   |
#                 v                         | came              |
#            +---------+   broken      +--------+          +----------+
#            | LOADING | ------------> | FAILED |          | DRAINING |
#            +---------+               +--------+          +----------+
#                 | loaded                  ^                   ^
#                 v                         | worker died       |
#            +---------+ -------------------+                   |
#            | SERVING | ---------------------------------------+
#            +---------+   unload: idle, evicted, asked for, or the server stops. Its requests end first
#
# Unload may also come while LOADING. Wanted is a model that is preloaded, from the start until it is unloaded; any
# other from its first request until it is unloaded or can't be loaded (then it stays FAILED, with the reason, until the
# next request). Whoever waits for a model waits on the way from READY_ON_DISK to SERVING; room may come by DRAINING
# others. A request that had not begun when the worker died goes the way from FAILED to SERVING with its model, once.


class State(StrEnum):
    """Where a model is. The drawing above shows the ways between them."""

    ABSENT = "absent"
    PULLING = "pulling"
    READY_ON_DISK = "ready_on_disk"
    LOADING = "loading"
    SERVING = "serving"
    DRAINING = "draining"
    FAILED = "failed"


_WAYS: dict[State, frozenset[State]] = {
    State.ABSENT: frozenset({State.PULLING, State.READY_ON_DISK}),
    State.PULLING: frozenset({State.ABSENT, State.READY_ON_DISK}),
    State.READY_ON_DISK: frozenset({State.ABSENT, State.LOADING}),
    State.LOADING: frozenset({State.SERVING, State.FAILED, State.DRAINING}),
    State.SERVING: frozenset({State.FAILED, State.DRAINING}),
    State.DRAINING: frozenset({State.READY_ON_DISK}),
    State.FAILED: frozenset({State.READY_ON_DISK}),
}


class Lifecycle:
    """The state, since when, why, and when to try again."""

    def __init__(self, *, clock: Callable[[], float], jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._jitter = jitter  # 0..1
        self.state = State.ABSENT
        self.reason = ""
        self.since = clock()
        self.num_failures = 0  # in a row
        self.retry_at = 0.0
        self.first_load_ended = False

    @property
    def is_resident(self) -> bool:
        """Does it take memory? Also where its process has not begun yet."""
        return self.state in (State.LOADING, State.SERVING, State.DRAINING)

    @property
    def had_its_chance(self) -> bool:
        """Is there a verdict on its first load, or nothing to load?"""
        return self.first_load_ended or self.state in (State.ABSENT, State.PULLING)

    def to(self, state: State, reason: str = "") -> None:
        """Go to a state; a way that is not drawn is a bug."""
        assert state in _WAYS[self.state], f"there is no way from {self.state} to {state}"
        if state in (State.SERVING, State.FAILED):
            self.first_load_ended = True
        self.state, self.reason, self.since = state, reason, self._clock()

    def fail(self, reason: str) -> None:
        """The worker is gone or the model is broken: wait longer each time, never in step with others."""
        if self.state is State.SERVING and self._clock() - self.since >= STABLE_S:
            self.num_failures = 0
        self.num_failures += 1
        delay_s = min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2.0 ** min(self.num_failures - 1, 32))
        self.retry_at = self._clock() + delay_s * (0.5 + 0.5 * self._jitter())
        self.to(State.FAILED, reason)

    def can_retry(self) -> bool:
        """Is the backoff over?"""
        return self.state is State.FAILED and self.retry_in_s <= 0

    @property
    def retry_in_s(self) -> float:
        """How much of the backoff is left."""
        return max(0.0, self.retry_at - self._clock())

    def forgive(self) -> None:
        """What failed is not there any more: the next failure is the first."""
        self.num_failures, self.retry_at = 0, 0.0
