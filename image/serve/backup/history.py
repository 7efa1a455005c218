"""What Prometheus knows of a day, as a file: the load that a forecast learns from, for longer than Prometheus keeps it.

Whole days in UTC only, so a day's file is the same whenever it is asked for. Days that a backup has missed are asked
for with the next one, as long as Prometheus still has them.
"""

from __future__ import annotations

import http.client
import json
import logging
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from serve.errors import SetupError

log = logging.getLogger(__name__)

STEP_S = 300
MISSED_DAYS = 7
MOST_DAYS = 400
"""More than a year: the same weeks of the year before are there."""
TIMEOUT_S = 120

Ask = Callable[[str, dict[str, str]], Any]


def ask(url: str, query: dict[str, str]) -> Any:
    """The answer of Prometheus's HTTP API, or SetupError."""
    address = f"{url.rstrip('/')}/api/v1/query_range"
    data = urllib.parse.urlencode(query).encode()
    try:
        with urllib.request.urlopen(address, data=data, timeout=TIMEOUT_S) as answer:  # noqa: S310  (as it is set)
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SetupError(f"{address} answered {error.code}: {error.read(500).decode(errors='replace')}") from None
    except (OSError, http.client.HTTPException) as error:
        raise SetupError(f"{address} can't be asked: {getattr(error, 'reason', error)}") from None
    except ValueError:
        raise SetupError(f"{address} answered no JSON") from None


def write_days(folder: Path, url: str, query: str, now: datetime, known: Collection[str], ask: Ask = ask) -> int:
    """A file for each whole day that is not known yet: how many."""
    days = [now.date() - timedelta(days=back) for back in range(MISSED_DAYS, 0, -1)]
    wanted = [day for day in days if _name(day) not in known]
    for day in wanted:
        series = _series(url, query, day, ask)
        if not series:
            log.warning("Prometheus knows nothing of this day", extra={"day": day.isoformat()})
        content = {"day": day.isoformat(), "step_s": STEP_S, "query": query, "series": series}
        (folder / _name(day)).write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    return len(wanted)


def _name(day: date) -> str:
    return f"{day.isoformat()}.json"


def _series(url: str, query: str, day: date, ask: Ask) -> list[dict[str, Any]]:
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1, seconds=-STEP_S)
    answer = ask(
        url, {"query": query, "start": str(start.timestamp()), "end": str(end.timestamp()), "step": str(STEP_S)}
    )
    try:
        found = answer["data"]["result"]
        return sorted(
            ({"metric": each["metric"], "values": each["values"]} for each in found),
            key=lambda each: sorted(each["metric"].items()),
        )
    except (KeyError, TypeError, AttributeError):
        raise SetupError(f"{url} answered something else than series") from None
