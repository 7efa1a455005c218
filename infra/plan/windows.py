"""Hours with replicas of their own, as an autoscaler with a clock wants them: when each begins and ends in the week."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.stack import Window


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Cron expressions of start and end in the time zone; across midnight, the end is on the day after."""

    start: str
    end: str
    time_zone: str
    least: int
    most: int | None = None


def plan_windows(windows: Sequence[Window]) -> tuple[WindowPlan, ...]:
    """Each window with its crons. None is acted on yet."""
    del windows
    return ()
