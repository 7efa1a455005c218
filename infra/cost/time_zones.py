"""How far the clocks of two places differ, by the standard time of each: a schedule keeps its hours all year.

Where one of the places changes to summer time and the other does not, that is an hour off for half of the year.
"""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

_ANY_DAY = datetime.datetime(2026, 1, 5, 12)  # noqa: DTZ001  the zone is what is asked for


def shift_minutes(from_zone: str, to_zone: str) -> int | None:
    """What takes a time in one zone to the same moment in the other; None where there is no such zone."""
    offsets = [_offset(from_zone), _offset(to_zone)]
    if None in offsets:
        return None
    here, there = (offset for offset in offsets if offset is not None)
    return there - here


def _offset(name: str) -> int | None:
    try:
        local = _ANY_DAY.replace(tzinfo=ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # unknown, absolute or malformed, a directory
        return None
    standard = (local.utcoffset() or datetime.timedelta()) - (local.dst() or datetime.timedelta())
    return round(standard.total_seconds() / 60)
