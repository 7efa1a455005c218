"""Infracost's JSON: valid by our schema and by theirs, and its sums."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from infra.cost.report import Report
from infra.cost.reports import infracost
from tests.unit.cost import samples

SCHEMA = json.loads((Path(infracost.__file__).parent / "infracost-schema.json").read_text(encoding="utf-8"))
THEIR_ROOT = {
    "version", "currency", "projects", "totalHourlyCost", "totalMonthlyCost", "pastTotalHourlyCost",
    "pastTotalMonthlyCost", "diffTotalHourlyCost", "diffTotalMonthlyCost", "timeGenerated", "summary",
}  # fmt: skip
"""The keys that schema/infracost.schema.json of infracost/infracost asks for; it allows runId and shareUrl besides."""
THEIR_RESOURCE = {"name", "tags", "metadata", "hourlyCost", "monthlyCost", "costComponents", "subresources"}
THEIR_COMPONENT = {"name", "unit", "hourlyQuantity", "monthlyQuantity", "price", "hourlyCost", "monthlyCost"}


def valid(report: Report) -> dict[str, Any]:
    """As a program reads it, held to our schema."""
    data: dict[str, Any] = json.loads(infracost.render(report, samples.NOW))
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(data)
    return data


@pytest.mark.parametrize("report", [samples.report(), samples.plain(), samples.evil()], ids=["all", "plain", "evil"])
def test_it_has_what_infracost_asks_for_and_nothing_else(report: Report) -> None:
    """Theirs forbids other keys."""
    data = valid(report)
    assert set(data) == THEIR_ROOT
    [project] = data["projects"]
    for part in ("pastBreakdown", "breakdown", "diff"):
        for resource in project[part]["resources"]:
            assert set(resource) <= THEIR_RESOURCE
            assert all(set(component) == THEIR_COMPONENT for component in resource["costComponents"])


@pytest.mark.parametrize("part", ["pastBreakdown", "breakdown", "diff"])
def test_components_resources_and_totals_agree(part: str) -> None:
    """To the cent."""
    [project] = valid(samples.report())["projects"]
    resources = project[part]["resources"]
    for resource in resources:
        assert sum(Decimal(each["monthlyCost"]) for each in resource["costComponents"]) == Decimal(
            resource["monthlyCost"]
        )
    assert sum(Decimal(each["monthlyCost"]) for each in resources) == Decimal(project[part]["totalMonthlyCost"])


def test_totals_before_after_and_between() -> None:
    """323 + 458 = 781 dollars; an hour is the 730th part."""
    data = valid(samples.report())
    assert data["pastTotalMonthlyCost"] == "323.00"
    assert data["totalMonthlyCost"] == "781.00"
    assert data["diffTotalMonthlyCost"] == "458.00"
    assert data["totalHourlyCost"] == "1.0698630137"
    assert data["timeGenerated"] == "2026-11-21T12:30:00Z"


def test_the_difference_holds_only_what_differs() -> None:
    """The control plane costs what it cost."""
    [project] = valid(samples.report())["projects"]
    assert [each["name"] for each in project["diff"]["resources"]] == ["llama", "gemma"]
    [gpu, *_] = project["diff"]["resources"][0]["costComponents"]
    assert (gpu["name"], gpu["monthlyCost"]) == ("gpu: g5.xlarge in gpu", "250.00")


def test_what_could_not_be_priced_is_counted() -> None:
    """As without price where the total is wrong because of it."""
    summary = valid(samples.report())["summary"]
    assert summary["noPriceResourceCounts"] == {"Release": 1}
    assert (summary["totalNoPriceResources"], summary["totalUnsupportedResources"]) == (1, 1)
    assert summary["totalDetectedResources"] == summary["totalSupportedResources"] + 2 == 7


def test_a_stack_without_a_past_is_all_new() -> None:
    """Its past costs nothing."""
    data = valid(samples.plain())
    assert (data["pastTotalMonthlyCost"], data["diffTotalMonthlyCost"]) == ("0.00", "781.00")
