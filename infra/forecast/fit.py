"""Past weeks -> what each hour of a week is expected to have. Pure.

Of each hour that was, the busiest sample: replicas are for peaks, not for means. Over the weeks, a quantile of these.
An hour that no week has seen has what the same hour has on the other days of its kind (working days, or weekends).

A quantile, and no model with trends: a table must be understood by who reviews it, and a season of a week with a few
weeks behind it gives no more.
"""

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from infra.errors import ConfigError
from infra.forecast.history import Sample
from infra.stack import Forecast

HOURS: Final = 168
WORKDAYS: Final = 5
LEAST_WEEKS: Final = 2
WEEK_S: Final = 7 * 86_400
QUANTILE: Final = 0.9


def fit(samples: Sequence[Sample], time_zone: str, quantile: float = QUANTILE) -> Forecast:
    """`samples` in the order of time, of two weeks at least: what was seen once is no season."""
    try:
        ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            [f"{time_zone!r} is not allowed; allowed: a time zone such as Europe/Berlin or UTC"]
        ) from None
    spans_s = samples[-1].at - samples[0].at if samples else 0
    if spans_s < (LEAST_WEEKS - 1 / HOURS) * WEEK_S:
        days = spans_s / 86_400
        raise ConfigError([f"the samples span {days:.1f} days; allowed: {LEAST_WEEKS} weeks or more"])
    peaks = hourly_peaks(samples, time_zone)
    known = [peaks_of(peaks, hour, quantile) for hour in range(HOURS)]
    return Forecast(time_zone, tuple(_round(_filled(known, hour)) for hour in range(HOURS)))


def hourly_peaks(samples: Iterable[Sample], time_zone: str) -> Mapping[int, Mapping[datetime.datetime, float]]:
    """By hour of the week, each such hour that was, with its busiest sample."""
    zone = ZoneInfo(time_zone)
    found: dict[int, dict[datetime.datetime, float]] = {}
    for sample in samples:
        local = datetime.datetime.fromtimestamp(sample.at, zone)
        hour = local.replace(minute=0, second=0, microsecond=0)
        of_week = found.setdefault(local.weekday() * 24 + local.hour, {})
        of_week[hour] = max(of_week.get(hour, 0.0), sample.requests)
    return found


def peaks_of(peaks: Mapping[int, Mapping[datetime.datetime, float]], hour: int, quantile: float) -> float | None:
    """The nearest rank, so that the result is a load that was; None where no week has the hour."""
    values = sorted(peaks.get(hour, {}).values())
    return values[max(math.ceil(quantile * len(values)) - 1, 0)] if values else None


def _filled(known: Sequence[float | None], hour: int) -> float:
    own = known[hour]
    if own is not None:
        return own
    day, of_day = divmod(hour, 24)
    kind = range(WORKDAYS) if day < WORKDAYS else range(WORKDAYS, 7)
    alike = [value for other in kind if (value := known[other * 24 + of_day]) is not None]
    return max(alike, default=0.0)


def _round(requests: float) -> float:
    """Three digits: a table is read by people."""
    return float(f"{requests:.3g}")
