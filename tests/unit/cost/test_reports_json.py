"""Our own JSON: its schema, its sums, and that nothing of the report is missing."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from infra.cost.report import Report
from infra.cost.reports import json_report
from tests.unit.cost import samples

SCHEMA = json.loads((Path(json_report.__file__).parent / "schema.json").read_text(encoding="utf-8"))
RENAMED = {"week_cents": "weekCents", "schedule_saving_cents": "scheduleSavingCents", "cold_starts": "coldStarts"}
ELSEWHERE = {"price_gate": "prices"}


def valid(report: Report) -> dict[str, Any]:
    """The report as a program reads it, held to the schema."""
    data: dict[str, Any] = json.loads(json_report.render(report))
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(data)
    return data


def test_the_schema_is_one() -> None:
    """And refuses what it does not name."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    data = valid(samples.report())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "extra": 1}, SCHEMA)


@pytest.mark.parametrize("report", [samples.report(), samples.plain(), samples.evil()], ids=["all", "plain", "evil"])
def test_every_report_is_valid(report: Report) -> None:
    """Whatever is in it, or is not."""
    assert valid(report)["version"] == 1


def test_every_field_of_a_report_is_there() -> None:
    """A field that is added to a report is added here, too."""
    data = valid(samples.report())
    for field in fields(Report):
        assert RENAMED.get(field.name, ELSEWHERE.get(field.name, field.name)) in data, field.name


def test_lines_kinds_namespaces_and_the_total_agree() -> None:
    """To the cent: 781 dollars, 458 more than before."""
    data = valid(samples.report())
    after = data["after"]
    assert after["cost"]["typicalCents"] == 78100
    for group in (after["lines"], list(after["byKind"].values()), list(after["byNamespace"].values())):
        costs = [each.get("cost", each)["typicalCents"] for each in group]
        assert sum(costs) == 78100
    assert data["difference"]["typicalCents"] == sum(each["cost"]["typicalCents"] for each in data["changes"]) == 45800


def test_the_gate_and_the_exit_code_are_there() -> None:
    """So that a program need not look at the exit status."""
    assert (valid(samples.report())["gate"], valid(samples.report())["exitCode"]) == ("exceeded", 3)
    assert (valid(samples.plain())["gate"], valid(samples.plain())["exitCode"]) == ("pass", 0)


def test_what_is_not_known_is_null() -> None:
    """Not 0, and not left out."""
    data = valid(samples.plain())
    assert data["before"] is None
    assert data["difference"] is None
