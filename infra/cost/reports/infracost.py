"""The report in the shape of Infracost's JSON (version 0.2), so that what reads Infracost's reads ours.

A resource is whatever causes cost: a model, a workload, or what all share; its components are the lines of the
estimate. Only typical figures have a place there: the range is in our own JSON. What could not be priced is counted in
the summary as Infracost counts it: no price, or not supported. Nothing here is usage-based in Infracost's sense.

Source: schema/infracost.schema.json of github.com/infracost/infracost. What we write is fixed by
`infracost-schema.json`; what it allows, theirs allows, too.
"""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from infra.cost.money import HOURS_PER_MONTH
from infra.cost.report import Report
from infra.cost.reports.words import exact, plain, units
from infra.cost.types import Estimate, Line

VERSION: Final = "0.2"
PROJECT_TYPE: Final = "pulumi_kubernetes"
Resources = Mapping[str, Sequence[Line]]


def render(report: Report, now: datetime.datetime) -> str:
    """The report as JSON."""
    return json.dumps(data(report, now), indent=2, ensure_ascii=False) + "\n"


def data(report: Report, now: datetime.datetime) -> dict[str, Any]:
    """The report as plain data."""
    past = _breakdown(_lines(report.before))
    present = _breakdown(_lines(report.after))
    moved = _difference(_lines(report.before), _lines(report.after))
    summary = _summary(report)
    project = {
        "name": plain(report.stack),
        "metadata": {"path": plain(report.stack), "type": PROJECT_TYPE},
        "pastBreakdown": past,
        "breakdown": present,
        "diff": moved,
        "summary": summary,
    }
    return {
        "version": VERSION,
        "currency": report.currency,
        "projects": [project],
        "totalHourlyCost": present["totalHourlyCost"],
        "totalMonthlyCost": present["totalMonthlyCost"],
        "pastTotalHourlyCost": past["totalHourlyCost"],
        "pastTotalMonthlyCost": past["totalMonthlyCost"],
        "diffTotalHourlyCost": moved["totalHourlyCost"],
        "diffTotalMonthlyCost": moved["totalMonthlyCost"],
        "timeGenerated": now.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "summary": summary,
    }


def _lines(estimate: Estimate | None) -> Resources:
    """By what causes them; what nobody owns is shared."""
    found: dict[str, list[Line]] = {}
    for line in estimate.lines if estimate else ():
        found.setdefault(line.model or line.workload or line.namespace or "shared", []).append(line)
    return found


def _breakdown(resources: Resources) -> dict[str, Any]:
    found = [_resource(name, [_component(line) for line in lines], _cents(lines)) for name, lines in resources.items()]
    return _whole(found, sum(map(_cents, resources.values())))


def _difference(before: Resources, after: Resources) -> dict[str, Any]:
    """Resources that differ, with those of their components that do."""
    found, moved = [], 0
    for name in dict.fromkeys([*before, *after]):
        components = _moved(before.get(name, ()), after.get(name, ()))
        if components:
            cents = _cents(after.get(name, ())) - _cents(before.get(name, ()))
            found.append(_resource(name, components, cents))
            moved += cents
    return _whole(found, moved)


def _moved(before: Sequence[Line], after: Sequence[Line]) -> list[dict[str, Any]]:
    old, new = _by_name(before), _by_name(after)
    found = []
    for name in dict.fromkeys([*old, *new]):
        (was, were), (becomes, are) = old.get(name, (None, [])), new.get(name, (None, []))
        cents = _cents(are) - _cents(were)
        quantity = sum((line.quantity for line in are), Fraction(0)) - sum(
            (line.quantity for line in were), Fraction(0)
        )
        line = becomes or was
        if line is not None and (cents or quantity):
            found.append(_figures(name, line.unit, quantity, line.price, cents))
    return found


def _by_name(lines: Sequence[Line]) -> dict[str, tuple[Line, list[Line]]]:
    found: dict[str, tuple[Line, list[Line]]] = {}
    for line in lines:
        found.setdefault(_name(line), (line, []))[1].append(line)
    return found


def _whole(resources: list[dict[str, Any]], cents: int) -> dict[str, Any]:
    return {"resources": resources, "totalHourlyCost": _hourly(cents), "totalMonthlyCost": units(cents)}


def _resource(name: str, components: list[dict[str, Any]], cents: int) -> dict[str, Any]:
    return {
        "name": plain(name),
        "metadata": {},
        "hourlyCost": _hourly(cents),
        "monthlyCost": units(cents),
        "costComponents": components,
    }


def _component(line: Line) -> dict[str, Any]:
    return _figures(_name(line), line.unit, line.quantity, line.price, line.cost.typical_cents)


def _figures(name: str, unit: str, quantity: Fraction, price: Fraction, cents: int) -> dict[str, Any]:
    return {
        "name": plain(name),
        "unit": plain(unit),
        "hourlyQuantity": exact(quantity / HOURS_PER_MONTH),
        "monthlyQuantity": exact(quantity),
        "price": exact(price),
        "hourlyCost": _hourly(cents),
        "monthlyCost": units(cents),
    }


def _name(line: Line) -> str:
    return f"{line.kind.value}: {line.name}"


def _summary(report: Report) -> dict[str, Any]:
    supported = Counter(line.kind.value for line in report.after.lines)
    without_price = Counter(_type(each.id) for each in report.unpriced if each.is_total_wrong)
    unsupported = Counter(_type(each.id) for each in report.unpriced if not each.is_total_wrong)
    counts = (supported, unsupported, without_price)
    num_supported, num_unsupported, num_without_price = (count.total() for count in counts)
    return {
        "totalDetectedResources": num_supported + num_unsupported + num_without_price,
        "totalSupportedResources": num_supported,
        "totalUnsupportedResources": num_unsupported,
        "totalUsageBasedResources": 0,
        "totalNoPriceResources": num_without_price,
        "supportedResourceCounts": dict(supported),
        "unsupportedResourceCounts": dict(unsupported),
        "noPriceResourceCounts": dict(without_price),
    }


def _type(identity: str) -> str:
    """`Deployment slipway/gemma` -> `Deployment`."""
    return plain(identity.split(" ", 1)[0])


def _cents(lines: Sequence[Line]) -> int:
    return sum(line.cost.typical_cents for line in lines)


def _hourly(cents: int) -> str:
    return exact(Fraction(cents, 100 * HOURS_PER_MONTH))
