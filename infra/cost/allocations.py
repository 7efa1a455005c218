"""OpenCost's allocation JSON -> what each model really cost, as a month of it.

Reads the answer of `/allocation/compute` (or `kubectl cost ... -o json`): sets of allocations by name, each with its
window and costs. Windows are added up by name; costs are taken to a month of 730 hours.

Source: github.com/opencost/opencost core/pkg/opencost/allocation_json.go; labels as Prometheus writes them.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from infra import names
from infra.cost.errors import ReconcileError
from infra.cost.money import HOURS_PER_MONTH, to_cents
from infra.cost.types import Kind

MODEL_LABELS: Final = (names.MODEL_LABEL, names.MODEL_LABEL.replace(".", "_").replace("/", "_"), "model")
COSTS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "gpuCost": (Kind.GPU,),
    "cpuCost": (Kind.CPU_MEMORY,),
    "ramCost": (Kind.CPU_MEMORY,),
    "pvCost": (Kind.STORAGE,),
    "networkCost": (Kind.NETWORK,),
    "loadBalancerCost": (Kind.LOAD_BALANCER,),
    "sharedCost": (Kind.CONTROL_PLANE,),
}
IDLE: Final = "__idle__"
HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one name cost in all windows together. `model` None: idle, unallocated, or of no model."""

    name: str
    namespace: str
    model: str | None
    controller: str
    hours: Fraction  # of the windows, not of the pods
    cents: Mapping[Kind, int]  # a month
    gpu_hours: Fraction
    replica_hours: Fraction
    gpu_busy: Fraction | None  # mean share of the time in which GPUs worked, 0 to 1; None where it was not measured

    @property
    def month_cents(self) -> int:
        """All of it."""
        return sum(self.cents.values())


def read(text: str) -> tuple[Allocation, ...]:
    """ReconcileError where it is no allocation JSON."""
    try:
        data = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ReconcileError([f"it is no JSON: {error}"]) from None
    sets = data.get("data") if isinstance(data, Mapping) else data
    if isinstance(data, Mapping) and data.get("code", 200) != 200:
        raise ReconcileError([f"OpenCost answered with an error: {str(data.get('message'))[:200]}"])
    sets = [sets] if isinstance(sets, Mapping) else sets
    if not isinstance(sets, list) or not all(isinstance(each, Mapping | None) for each in sets):
        raise ReconcileError(["there are no allocations in it; expected: the answer of /allocation/compute"])
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for each in sets:
        for name, entry in (each or {}).items():
            if not isinstance(entry, Mapping):
                raise ReconcileError([f"{name}: is no allocation"])
            parts.setdefault(str(name), []).append(entry)
    if not parts:
        raise ReconcileError(["there is no allocation in it: was anything measured in this window?"])
    hours = _window_hours(sets)
    return tuple(_allocation(name, entries, hours) for name, entries in parts.items())


def _allocation(name: str, entries: list[Mapping[str, Any]], hours: Fraction) -> Allocation:
    properties = next((found for each in entries if (found := _mapping(each, "properties"))), {})
    labels = _mapping(properties, "labels")
    month = Fraction(HOURS_PER_MONTH) / hours
    amounts: dict[Kind, Fraction] = {}
    for field, (kind,) in COSTS.items():
        amount = sum((_number(entry, field, name) for entry in entries), start=Fraction(0))
        to = Kind.IDLE if name.endswith(IDLE) else kind
        amounts[to] = amounts.get(to, Fraction(0)) + amount * month
    gpu_hours = sum((_number(entry, "gpuHours", name) for entry in entries), start=Fraction(0))
    minutes = sum((_number(entry, "minutes", name) for entry in entries), start=Fraction(0))
    return Allocation(
        name=name,
        namespace=str(properties.get("namespace") or ""),
        model=next((str(labels[key]) for key in MODEL_LABELS if labels.get(key)), None),
        controller=str(properties.get("controller") or ""),
        hours=hours,
        cents={kind: to_cents(amount) for kind, amount in amounts.items()},
        gpu_hours=gpu_hours,
        replica_hours=minutes / 60,
        gpu_busy=_busy(entries, name),
    )


def _busy(entries: list[Mapping[str, Any]], name: str) -> Fraction | None:
    """Weighted by the hours of each window's GPUs."""
    weighted, hours = Fraction(0), Fraction(0)
    for entry in entries:
        about = entry.get("gpuAllocation")
        if isinstance(about, Mapping) and about.get("gpuUsageAverage") is not None:
            own = _number(entry, "gpuHours", name)
            weighted += _number(about, "gpuUsageAverage", name) * own
            hours += own
    return weighted / hours if hours else None


def _window_hours(sets: list[Mapping[str, Any] | None]) -> Fraction:
    """Of all windows together: each set has one, which all its allocations share."""
    windows = {(w["start"], w["end"]) for each in sets for entry in (each or {}).values() if (w := _window(entry))}
    seconds = sum((_time(end) - _time(start)).total_seconds() for start, end in windows)
    if seconds <= 0:
        raise ReconcileError(["no allocation has a window with a start and an end"])
    return Fraction(round(seconds), HOUR_S)


def _mapping(entry: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    found = entry.get(field)
    return found if isinstance(found, Mapping) else {}


def _window(entry: Mapping[str, Any]) -> Mapping[str, str] | None:
    window = entry.get("window")
    known = isinstance(window, Mapping) and all(isinstance(window.get(key), str) for key in ("start", "end"))
    return window if known else None


def _time(text: str) -> datetime.datetime:
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ReconcileError([f"window: {text!r} is no time"]) from None
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def _number(entry: Mapping[str, Any], field: str, name: str) -> Fraction:
    value = entry.get(field)
    if value is None:
        return Fraction(0)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise ReconcileError([f"{name}.{field}: {value!r} is no amount"])
    return Fraction(value)


def _refuse(word: str) -> Iterator[str]:
    raise ValueError(f"{word} is no number")
