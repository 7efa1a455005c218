"""Past load: a CSV file, or the answer of Prometheus to a range query, as samples by model. Pure."""

import csv
import datetime
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Sample:
    """So many requests, running and waiting, at a time (seconds of Unix)."""

    at: float
    requests: float


def read(name: str, text: str, model: str | None = None) -> Mapping[str, tuple[Sample, ...]]:
    """By model, in the order of time. `model` is whose samples are without a name of their own."""
    is_json = text.lstrip().startswith("{")
    rows = _answers(name, text) if is_json else _lines(name, text)
    found: dict[str, list[Sample]] = {}
    for row_model, sample in rows:
        whose = row_model or model
        if whose is None:
            raise ConfigError([f"{name}: samples without a model; allowed: a column or label `model`, or --model"])
        found.setdefault(whose, []).append(sample)
    if not found:
        raise ConfigError([f"{name}: has no sample"])
    return {whose: tuple(sorted(samples, key=lambda each: each.at)) for whose, samples in found.items()}


def _lines(name: str, text: str) -> Iterator[tuple[str | None, Sample]]:
    """Columns time, requests and perhaps model. A time is a number of seconds, or ISO 8601 with its offset."""
    rows = csv.DictReader(io.StringIO(text))
    if not {"time", "requests"} <= set(rows.fieldnames or ()):
        raise ConfigError([f"{name}: the first line is {rows.fieldnames}; allowed: time, requests and perhaps model"])
    for number, row in enumerate(rows, start=2):
        try:
            sample = Sample(_time(row["time"]), _amount(row["requests"]))
        except (TypeError, ValueError):
            told = f"{row['time']!r}, {row['requests']!r}"
            allowed = "allowed: seconds or 2026-03-02T08:00:00+01:00, and a number from 0 on"
            raise ConfigError([f"{name}: line {number}: {told} is not allowed; {allowed}"]) from None
        yield row.get("model") or None, sample


def _answers(name: str, text: str) -> Iterator[tuple[str | None, Sample]]:
    """`{"data": {"result": [{"metric": {"model": ...}, "values": [[seconds, "3"], ...]}]}}`."""
    try:
        results: Iterable[Mapping[str, Any]] = json.loads(text)["data"]["result"]
        for result in results:
            for at, amount in result["values"]:
                yield result["metric"].get("model"), Sample(float(at), _amount(amount))
    except (ValueError, KeyError, TypeError, AttributeError):
        allowed = "the answer of Prometheus to /api/v1/query_range"
        raise ConfigError([f"{name}: can't be read; allowed: {allowed}"]) from None


def _time(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        at = datetime.datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError(text) from None
        return at.timestamp()


def _amount(value: Any) -> float:
    amount = float(value)
    if not 0 <= amount < float("inf"):
        raise ValueError(value)
    return amount
