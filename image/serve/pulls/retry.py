"""How often a hub is asked again, and how long is waited before: longer each time, and as long as the hub says.

Whatever moves on starts the count anew: a connection that is cut every few seconds still brings the file.
"""

from __future__ import annotations

from collections.abc import Callable

from serve.errors import RequestError

FIRST_S, MOST_S = 0.5, 8.0
AFTER_PROGRESS_S = 0.1  # the hub cut it, and may be asked at once, but not in a circle
# A hub that wants more time than that is told of instead: nobody is to hold a connection for so long.
MOST_RETRY_AFTER_S = 60


class TemporaryError(Exception):
    """What may go well the next time; `error` is what is told when it never does."""

    def __init__(self, error: RequestError, *, begins_anew: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.begins_anew = begins_anew  # what was got so far is worth nothing


class Patience:
    """For one thing that is tried."""

    def __init__(self, tries: int, *, sleep: Callable[[float], None], jitter: Callable[[], float]) -> None:
        self._tries = tries
        self._sleep = sleep
        self._jitter = jitter
        self._failed = 0

    def wait(self, failure: TemporaryError, *, has_moved: bool = False) -> None:
        """Before the next try; raises the error when there is none."""
        self._failed = 0 if has_moved else self._failed + 1
        asked = failure.error.retry_after_s
        if self._failed >= self._tries or (asked is not None and asked > MOST_RETRY_AFTER_S):
            raise failure.error from failure
        delay = min(FIRST_S * 2 ** (self._failed - 1), MOST_S) if self._failed else AFTER_PROGRESS_S
        # Never sooner than it says; many servers that were refused at once do not come back at once.
        self._sleep(max(delay * (0.5 + self._jitter()), asked or 0.0))
