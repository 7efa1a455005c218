"""The SARIF report, against the schema that OASIS has published (errata 01, kept as it is beside this test)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from kube.objects import Object
from policies.evaluate import Verdict
from policies.reports import sarif
from policies.rules import RULES
from policies.settings import Level
from tests.unit.policies.reports.samples import BLOCKS, STATE, URN, VERDICTS, report

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


def run_of(*verdicts: Verdict, **options: Any) -> Any:
    """The one run of the log, which is valid."""
    log = json.loads(sarif.render(report(*verdicts, **options)))
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    [run] = log["runs"]
    return run


def test_every_rule_is_there_with_its_help_and_level() -> None:
    """Also those that found nothing."""
    rules = run_of(*VERDICTS)["tool"]["driver"]["rules"]
    assert [(each["id"], each["defaultConfiguration"]["level"]) for each in rules] == [
        *(("blocks", "error"), ("tells", "warning"), ("passes", "error"))
    ]
    assert rules[0]["shortDescription"]["text"] == "blocks harms."
    assert "CIS 5.2 & <more>" in rules[0]["help"]["text"]
    assert "```yaml\nkind: Pod\nspec:\n  hostNetwork: false\n```" in rules[0]["help"]["markdown"]


def test_every_finding_has_its_level_file_line_and_object() -> None:
    """Mandatory is an error, advisory a warning, what is not known a note."""
    results = run_of(*VERDICTS)["results"]
    assert [each["level"] for each in results] == ["error", "warning", "warning", "error", "note", "error"]
    assert [each["ruleIndex"] for each in results] == [0, 1, 0, 0, 1, 0]
    [location] = results[0]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "deploy/my%20web.yaml"},
        "region": {"startLine": 7},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "Deployment shop/web spec"
    assert results[0]["message"]["text"] == "Deployment shop/web: spec: must be c"


def test_a_waived_finding_is_suppressed_with_owner_and_reason() -> None:
    """One whose waiver has expired is not."""
    results = run_of(*VERDICTS)["results"]
    assert [len(each.get("suppressions", [])) for each in results] == [0, 0, 1, 0, 0, 0]
    assert results[2]["suppressions"][0]["justification"] == "moves in May (ann, until 2026-06-01)"


def test_a_resource_of_a_state_has_its_urn() -> None:
    """And the file of the state, whose lines nobody reads."""
    [location] = run_of(Verdict(BLOCKS, STATE, "a", "b", Level.MANDATORY))["results"][0]["locations"]
    assert location["logicalLocations"][0]["fullyQualifiedName"] == URN
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "state.json"


def test_an_object_from_nowhere_has_no_file() -> None:
    """A URN alone is a place, too."""
    [location] = run_of(Verdict(BLOCKS, Object({}, URN), "", "b", Level.MANDATORY))["results"][0]["locations"]
    assert "physicalLocation" not in location


def test_an_absolute_path_is_a_file_uri() -> None:
    """So that no reader takes it for relative."""
    target = Object({}, "/tmp/a b.yaml:2")
    [location] = run_of(Verdict(BLOCKS, target, "", "b", Level.MANDATORY))["results"][0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "file:///tmp/a%20b.yaml"


def test_a_fingerprint_stays_when_lines_move() -> None:
    """And differs for another field."""
    moved = Object(VERDICTS[0].object.data, "other.yaml:80")
    results = run_of(VERDICTS[0], Verdict(BLOCKS, moved, "spec", "must be c", Level.MANDATORY), VERDICTS[3])["results"]
    prints = [each["partialFingerprints"]["finding/v1"] for each in results]
    assert prints[0] == prints[1] != prints[2]


def test_an_unknown_value_that_fails_the_check_is_no_mere_note() -> None:
    """Where the user asked for that."""
    verdict = Verdict(BLOCKS, STATE, "a", "still unknown", Level.MANDATORY, undecided=True)
    assert run_of(verdict)["results"][0]["level"] == "note"
    assert run_of(verdict, is_strict=True)["results"][0]["level"] == "error"


def test_notes_are_notifications() -> None:
    """What could not be judged is told by the run itself."""
    told = run_of()["invocations"][0]["toolExecutionNotifications"]
    assert [each["message"]["text"] for each in told] == [
        "deploy/x.yaml:1: not judged: \\x1b[2J",
        "the waiver of a is not needed",
    ]


def test_the_real_rules_make_a_valid_log() -> None:
    """All of them, with their examples."""
    found = tuple(Verdict(rule, STATE, "a", "b", Level.MANDATORY) for rule in RULES)
    log = json.loads(sarif.render(type(report())(found, (), (), RULES, 1, report().today)))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
