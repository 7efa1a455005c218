"""A change of a service's state, and how others are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from health_monitor.check import Failure
from health_monitor.services import Service
from health_monitor.state import State


@dataclass(frozen=True, slots=True)
class Change:
    """`lasted_s`: how long it was what it was before. `failure`: why it is down."""

    service: Service
    before: State
    after: State
    at: float
    lasted_s: float
    failure: Failure | None = None

    @property
    def is_news(self) -> bool:
        """That a service is well is none where nothing was known of it: every start of a monitor would tell all."""
        return not (self.before is State.UNKNOWN and self.after is State.UP)

    def as_json(self) -> dict[str, object]:
        """`text` is what Slack, Mattermost and the like show."""
        return {
            "service": self.service.name,
            "url": self.service.shown_url,
            "from": self.before.value,
            "to": self.after.value,
            "at": datetime.fromtimestamp(self.at, tz=UTC).isoformat(timespec="milliseconds"),
            "lasted_s": round(self.lasted_s, 3),
            "reason": self.failure.reason if self.failure else None,
            "text": self._text(),
        }

    def _text(self) -> str:
        if self.after is State.DOWN:
            return f"{self.service.name} is down: {self.failure.text if self.failure else 'it is not well'}"
        return f"{self.service.name} is {self.after.value} again after {self.lasted_s:.0f} s"
