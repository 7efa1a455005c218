"""The report for programs, against its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from policies.reports import json_report
from tests.unit.infra.recorder import ROOT
from tests.unit.policies.reports.samples import TODAY, URN, VERDICTS, report

SCHEMA: dict[str, Any] = json.loads(Path(ROOT, "policies", "reports", "schema.json").read_text(encoding="utf-8"))


def rendered(**options: Any) -> Any:
    """The parsed report."""
    return json.loads(json_report.render(report(*VERDICTS, **options)))


def test_the_schema_is_one() -> None:
    """Draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_report_is_as_the_schema_says() -> None:
    """With findings of every kind, and without any."""
    for one in (rendered(), json.loads(json_report.render(report(notes=False)))):
        jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(one)


@pytest.mark.parametrize("path", [("findings", 0, "rule"), ("summary", "waived"), ("passed",), ("notes", 0, "origin")])
def test_the_schema_asks_for_every_part(path: tuple[str | int, ...]) -> None:
    """A report without it is refused, and so is one with a word more."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    one = rendered()
    holder = one
    for key in path[:-1]:
        holder = holder[key]
    value = holder.pop(path[-1])
    assert not validator.is_valid(one)
    holder[path[-1]] = value
    assert validator.is_valid(one)
    holder["more"] = 1
    assert not validator.is_valid(one)


def test_a_finding_says_what_where_and_why() -> None:
    """And whether it fails the check."""
    found = rendered()["findings"]
    assert found[2] == {
        "rule": "blocks",
        "status": "waived",
        "level": "advisory",
        "fails": False,
        "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"},
        "file": "deploy/my web.yaml",
        "line": 9,
        "urn": None,
        "path": "spec.a",
        "message": "must be c (waived)",
        "why": "blocks harms.",
        "waiver": {"owner": "ann", "reason": "moves in May", "expires": TODAY.isoformat()},
    }
    assert (found[4]["file"], found[4]["line"], found[4]["urn"], found[4]["status"]) == (
        "state.json",
        None,
        URN,
        "unknown",
    )
    assert [each["fails"] for each in found] == [True, False, False, True, False, True]


def test_the_summary_counts_and_says_whether_the_check_passed() -> None:
    """As the exit status does."""
    one = rendered()
    assert one["passed"] is False
    assert one["summary"] == {"objects": 3, "rules": 3, "mandatory": 3, "advisory": 1, "unknown": 1, "waived": 1}
    assert json.loads(json_report.render(report(VERDICTS[1])))["passed"] is True
