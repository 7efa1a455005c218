"""The JUnit report: its counts are those of its tests."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from policies.reports import junit
from policies.reports.report import FailOn
from tests.unit.policies.reports.samples import VERDICTS, report


def rendered(**options: Any) -> ElementTree.Element:
    """The parsed report."""
    return ElementTree.fromstring(junit.render(report(*VERDICTS, **options)))


def counts(element: ElementTree.Element) -> tuple[int, int, int, int]:
    """Tests, failures, errors, skipped, as the attributes say."""
    tests, failures, errors, skipped = (int(element.attrib[key]) for key in ("tests", "failures", "errors", "skipped"))
    return tests, failures, errors, skipped


def test_every_rule_is_a_suite_and_every_finding_a_test() -> None:
    """A rule without findings is one test that passes."""
    root = rendered()
    assert [suite.attrib["name"] for suite in root] == ["blocks", "tells", "passes"]
    assert [len(suite) for suite in root] == [4, 2, 1]
    [passed] = root[2]
    assert (passed.attrib["name"], list(passed)) == ("all objects", [])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (7, 3, 0, 2)),
        ({"fail_on": FailOn.ADVISORY}, (7, 4, 0, 2)),
        ({"fail_on": FailOn.NEVER}, (7, 0, 0, 2)),
        ({"fail_on": FailOn.ADVISORY, "is_strict": True}, (7, 5, 0, 1)),
    ],
)
def test_the_counts_are_right(options: dict[str, Any], expected: tuple[int, int, int, int]) -> None:
    """Of the whole and of each suite, whatever fails the check."""
    root = rendered(**options)
    assert counts(root) == expected
    assert tuple(map(sum, zip(*(counts(suite) for suite in root), strict=True))) == expected
    for suite in (root, *root):
        found = [len(list(suite.iter(tag))) for tag in ("testcase", "failure", "error", "skipped")]
        assert counts(suite) == tuple(found)


def test_a_failure_says_where_what_and_why() -> None:
    """With file and line."""
    case = rendered()[0][0]
    assert case.attrib["name"] == "Deployment shop/web spec"
    assert (case.attrib["classname"], case.attrib["file"], case.attrib["line"]) == ("blocks", "deploy/my web.yaml", "7")
    assert case[0].attrib == {"message": "spec: must be c", "type": "mandatory"}
    assert case[0].text == "blocks harms.\nSource: CIS 5.2 & <more>"


def test_what_does_not_fail_the_check_passes_or_is_skipped() -> None:
    """Advisory findings pass and say so; waived and unknown ones are skipped."""
    blocks, tells, _ = rendered()
    assert [(each.tag, each.attrib["message"]) for each in blocks[1]] == [
        ("skipped", "waived: spec.a: must be c (waived)")
    ]
    assert [(each.tag, each.text) for each in tells[0]] == [("system-out", "advisory: should be d")]
    assert [each.tag for each in tells[1]] == ["skipped"]


def test_no_name_breaks_the_xml() -> None:
    """Control characters, markup and broken Unicode come out as text."""
    assert rendered()[0][3].attrib["name"] == 'Pod default/\\x1b[2J<&\\u202e \\udc80 spec["\\x07"]'
