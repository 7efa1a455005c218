"""What all groups of keys share: no unknown key, no guessing of types; and the field types of the stack file alone."""

import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from infra.cost import cron
from infra.fields import Bytes, Cpu, parse_field
from infra.settings.words import DERIVED

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SETS = {"daily": DAYS, "weekdays": DAYS[:5], "weekend": DAYS[5:]}
DAY_MINUTES = 24 * 60


class Group(BaseModel):
    """A mapping of the stack file."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _unless_derived(field: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: None if value in (DERIVED, None) else parse_field(field, value))


def _days(value: Any) -> tuple[str, ...]:
    """A word or a list, to the days in their order."""
    named = _SETS.get(value) if isinstance(value, str) else value
    if not isinstance(named, list | tuple) or not named or not set(map(str, named)) <= set(DAYS):
        raise ValueError(f"allowed: {', '.join(_SETS)}, or a list of {', '.join(DAYS)}")
    return tuple(day for day in DAYS if day in named)


def _minute(value: Any) -> int:
    """`20:30` -> 1230. Some YAML readers take it for a number to the base 60: that is the minute already."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < DAY_MINUTES:
        return value
    try:
        at = datetime.time.fromisoformat(value if len(value) == 5 else "")
    except (TypeError, ValueError):
        raise ValueError('allowed: a time such as "20:30"') from None
    return at.hour * 60 + at.minute


def _time_zone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (KeyError, ValueError, OSError, TypeError, AttributeError):
        raise ValueError("allowed: a time zone such as Europe/Berlin or UTC") from None


def _cron(value: Any) -> str:
    if not isinstance(value, str) or cron.times_per_month(value) is None:
        raise ValueError('allowed: a cron expression of five fields such as "0 3 * * *"')
    return value


DerivedCpu = Annotated[int | None, _unless_derived(Cpu)]
DerivedBytes = Annotated[int | None, _unless_derived(Bytes)]
DerivedCount = Annotated[int | None, _unless_derived(Annotated[int, Field(ge=0, strict=True)])]
Days = Annotated[tuple[str, ...], BeforeValidator(_days)]
Minute = Annotated[int, BeforeValidator(_minute)]
TimeZone = Annotated[str, BeforeValidator(_time_zone)]
Cron = Annotated[str, BeforeValidator(_cron)]
Replicas = Annotated[int, Field(ge=0, le=1000)]
Percent = Annotated[int, Field(ge=1, le=100)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
