"""The plots of the HTML page, as SVG text: cost by hour of the week, cost over replicas, and what moves the total.

Each has a title and a description for who does not see it, and says the figures of a place when one points at it.
Colours are CSS classes: the page decides them, for light and for dark. Everything that comes from a report is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate
from typing import Final

from infra.cost.report import Curve, Driver, ModelCost
from infra.cost.reports import words
from infra.cost.reports.words import change, hour_of_week, money, plain
from infra.cost.types import Kind

WIDTH: Final = 960
LEFT: Final = 70
BOTTOM: Final = 28
TOP: Final = 12
NUM_TICKS: Final = 4
MAX_DRIVERS: Final = 3
CLASSES: Final = {kind: f"k{index}" for index, kind in enumerate(Kind)}
"""The class of each kind's colour."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values lie in a plot: `most` at the top, 0 at the bottom."""

    width: int
    height: int
    most: int

    def x(self, part: float) -> float:
        return LEFT + part * (self.width - LEFT - 10)

    def y(self, value: float) -> float:
        return TOP + (1 - value / self.most) * (self.height - TOP - BOTTOM)


def week(hours: Sequence[Mapping[Kind, int]], currency: str) -> str:
    """Stacked steps, an hour wide; what is paid always at the bottom. Empty where there is no week."""
    kinds = [kind for kind in reversed(Kind) if any(hour.get(kind) for hour in hours)]
    if not kinds:
        return ""
    frame = _Frame(WIDTH, 280, _round_up(max(sum(hour.values()) for hour in hours)))
    stacks = [list(accumulate(hour.get(kind, 0) for kind in kinds)) for hour in hours]
    floor = [0] * len(hours)
    areas = []
    for index, kind in enumerate(kinds):
        ceiling = [stack[index] for stack in stacks]
        areas.append(f'<path class="{CLASSES[kind]}" d="{_area(frame, floor, ceiling)}"/>')
        floor = ceiling
    dearest = max(range(len(hours)), key=lambda hour: sum(hours[hour].values()))
    told = (
        f"At most {money(sum(hours[dearest].values()), currency)} an hour, on {hour_of_week(dearest)}; "
        f"{money(sum(sum(hour.values()) for hour in hours), currency)} a week."
    )
    days = [_text(frame.x((24 * day + 12) / len(hours)), frame.height - 8, name) for day, name in enumerate(words.DAYS)]
    return _svg(
        "week",
        "Cost by hour of the week",
        told,
        frame,
        [*_grid(frame, currency), *areas, *days, *_hours(frame, hours, currency)],
    )


def legend(hours: Sequence[Mapping[Kind, int]]) -> str:
    """Which colour is which kind."""
    kinds = [kind for kind in Kind if any(hour.get(kind) for hour in hours)]
    return "".join(f'<li><span class="swatch {CLASSES[kind]}"></span>{escape(kind.value)}</li>' for kind in kinds)


def envelope(curve: Curve, row: ModelCost | None, index: int, currency: str) -> str:
    """Steps from the least to the most replicas; a line where a typical week stands."""
    frame = _Frame(WIDTH // 2, 200, _round_up(max(cents for _, _, cents in curve.points)))
    first, last = curve.points[0][0], curve.points[-1][0]
    span = last - first + 1
    parts = []
    for replicas, nodes, cents in curve.points:
        left, right, y = frame.x((replicas - first) / span), frame.x((replicas - first + 1) / span), frame.y(cents)
        said = f"{replicas} replicas: {words.counted(nodes, 'node')}, {money(cents, currency)} a month"
        height = frame.y(0) - y
        parts.append(
            f'<rect class="step" x="{left:.1f}" y="{y:.1f}" width="{max(right - left - 1, 1):.1f}" '
            f'height="{height:.1f}"><title>{escape(said)}</title></rect>'
        )
        if span <= 20 or replicas in (first, last):
            parts.append(_text((left + right) / 2, frame.height - 8, str(replicas)))
    if row is not None and first <= row.replicas[1] <= last:
        x = frame.x((row.replicas[1] - first + 0.5) / span)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{frame.y(0):.1f}"/>')
    told = (
        f"All nodes of the stack: {money(curve.points[0][2], currency)} a month with {first} replicas, "
        f"{money(curve.points[-1][2], currency)} with {last}."
    )
    return _svg(f"curve{index}", plain(curve.workload), told, frame, [*_grid(frame, currency), *parts])


def tornado(drivers: Sequence[Driver], typical_cents: int, currency: str) -> str:
    """The widest at the top. Empty where nothing moves."""
    widest = sorted(drivers, key=lambda each: -abs(each.high_cents - each.low_cents))[:MAX_DRIVERS]
    if not widest:
        return ""
    ends = [cents for each in widest for cents in (each.low_cents, each.high_cents)]
    low, high = min([*ends, typical_cents]), max([*ends, typical_cents])
    left, right, row = 340, WIDTH - 110, 44

    def x(cents: int) -> float:
        return left + (cents - low) / max(high - low, 1) * (right - left)

    parts = []
    for place, each in enumerate(widest):
        y, (near, far) = TOP + place * row, sorted((each.low_cents, each.high_cents))
        said = f"{plain(each.name)}: {money(each.low_cents, currency)} to {money(each.high_cents, currency)}"
        parts += [
            f'<rect class="bar" x="{x(near):.1f}" y="{y}" width="{max(x(far) - x(near), 1):.1f}" height="26">'
            f"<title>{escape(said)}</title></rect>",
            _text(left - 90, y + 18, plain(each.name), "end"),
            _text(x(near) - 6, y + 18, change(near - typical_cents, currency), "end"),
            _text(x(far) + 6, y + 18, change(far - typical_cents, currency), "start"),
        ]
    bottom = TOP + len(widest) * row
    at = x(typical_cents)
    parts.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 6}" y2="{bottom - 10}"/>')
    parts.append(_text(at, bottom + 8, f"typical {money(typical_cents, currency)}"))
    told = "; ".join(
        f"{plain(each.name)} moves the total by {money(abs(each.high_cents - each.low_cents), currency)}"
        for each in widest
    )
    return _svg("tornado", "What moves the total most", told, _Frame(WIDTH, bottom + 16, 1), parts)


def _svg(name: str, title: str, description: str, frame: _Frame, parts: Iterable[str]) -> str:
    return (
        f'<svg id="{name}" role="img" aria-labelledby="{name}-t {name}-d" viewBox="0 0 {frame.width} {frame.height}">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _grid(frame: _Frame, currency: str) -> Iterator[str]:
    for tick in range(NUM_TICKS + 1):
        cents = frame.most * tick // NUM_TICKS
        y = frame.y(cents)
        yield f'<line class="grid" x1="{LEFT}" x2="{frame.x(1):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield _text(LEFT - 6, y + 4, money(cents, currency), "end")


def _hours(frame: _Frame, hours: Sequence[Mapping[Kind, int]], currency: str) -> Iterator[str]:
    """What is said of an hour when one points at it."""
    width = frame.x(1 / len(hours)) - frame.x(0)
    for hour, costs in enumerate(hours):
        parts = ", ".join(f"{kind.value} {money(cents, currency)}" for kind, cents in costs.items() if cents)
        said = f"{hour_of_week(hour)}: {money(sum(costs.values()), currency)} ({parts})"
        yield (
            f'<rect class="hour" x="{frame.x(hour / len(hours)):.1f}" y="{TOP}" width="{width:.2f}" '
            f'height="{frame.y(0) - TOP:.1f}"><title>{escape(said)}</title></rect>'
        )


def _area(frame: _Frame, floor: Sequence[int], ceiling: Sequence[int]) -> str:
    """There along the ceiling, back along the floor; equal hours are one step."""
    there = _edge(frame, ceiling)
    back = reversed(_edge(frame, floor))
    return f"M{' L'.join([*there, *back])}Z"


def _edge(frame: _Frame, values: Sequence[int]) -> list[str]:
    points = []
    for hour, value in enumerate(values):
        if not hour or value != values[hour - 1]:
            if hour:
                points.append((hour, values[hour - 1]))
            points.append((hour, value))
    points.append((len(values), values[-1]))
    return [f"{frame.x(hour / len(values)):.1f},{frame.y(value):.1f}" for hour, value in points]


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _round_up(cents: int) -> int:
    """To a figure whose quarters are round, too."""
    size: int = 10 ** max(len(str(cents)) - 1, 1)
    return next(step * size // 10 for step in (10, 12, 16, 20, 24, 32, 40, 60, 80, 100) if step * size >= 10 * cents)
