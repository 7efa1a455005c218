"""What of a report fails the check, and where its verdicts are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.objects import Object
from kube.printable import printable
from policies.evaluate import Verdict
from policies.reports.report import FailOn, Place, Status, place_of, title_of
from policies.settings import Level
from tests.unit.policies.reports import samples
from tests.unit.policies.reports.samples import BLOCKS, STATE, URN, VERDICTS, WEB, report

BLOCKING, TELLING, WAIVED, EXPIRED, UNKNOWN, _ = VERDICTS
STRICT_UNKNOWN = Verdict(BLOCKS, STATE, "a", "still unknown", Level.MANDATORY, undecided=True)


@pytest.mark.parametrize(
    ("verdict", "fail_on", "is_strict", "fails"),
    [
        *((BLOCKING, level, False, level is not FailOn.NEVER) for level in FailOn),
        *((TELLING, level, False, level is FailOn.ADVISORY) for level in FailOn),
        *((WAIVED, level, True, False) for level in FailOn),
        *((EXPIRED, level, False, level is not FailOn.NEVER) for level in FailOn),
        *((UNKNOWN, level, False, False) for level in FailOn),
        *((UNKNOWN, level, True, level is FailOn.ADVISORY) for level in FailOn),
        *((STRICT_UNKNOWN, level, True, level is not FailOn.NEVER) for level in FailOn),
        *((STRICT_UNKNOWN, level, False, False) for level in FailOn),
    ],
)
def test_a_verdict_fails_the_check_from_the_asked_level_on(
    verdict: Verdict, fail_on: FailOn, is_strict: bool, fails: bool
) -> None:
    """Waived ones never; unknown ones only where that is asked for."""
    one = report(verdict, fail_on=fail_on, is_strict=is_strict)
    assert one.fails(verdict) is fails
    assert one.is_failed is fails


def test_a_waiver_holds_through_its_last_day() -> None:
    """Then the finding is a violation again."""
    one = report(*VERDICTS)
    assert [one.status(verdict) for verdict in VERDICTS[:5]] == [
        *(Status.VIOLATION, Status.VIOLATION, Status.WAIVED, Status.VIOLATION, Status.UNKNOWN)
    ]
    assert one.count(Status.VIOLATION) == 4
    assert one.count(Status.VIOLATION, Level.ADVISORY) == 1


@pytest.mark.parametrize(
    ("origin", "place"),
    [
        ("a/b.yaml:3", Place("a/b.yaml", 3, "")),
        ("C:/b.yaml", Place("C:/b.yaml", None, "")),
        ("b.json", Place("b.json", None, "")),
        ("", Place("", None, "")),
        (URN, Place("", None, URN)),
        (f"a#b.json#{URN}", Place("a#b.json", None, URN)),
    ],
)
def test_a_verdict_is_in_a_file_or_a_resource(origin: str, place: Place) -> None:
    """As far as its origin says."""
    assert place_of(Verdict(BLOCKS, Object({}, origin), "a", "b", Level.MANDATORY)) == place


def test_a_verdict_has_the_line_of_its_field_where_the_file_is_known() -> None:
    """Not only that of its object."""
    assert place_of(BLOCKING) == Place("deploy/my web.yaml", 3 + len("spec"), "")


def test_an_object_without_a_name_says_so() -> None:
    """It may get one later."""
    assert title_of(BLOCKING) == "Deployment shop/web"
    assert title_of(Verdict(BLOCKS, STATE, "", "", Level.MANDATORY)) == "Pod default/(no name)"


@given(st.text())
def test_printable_text_has_no_control_characters(text: str) -> None:
    """Whatever it was; what is printable stays as it is."""
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)
    assert printable(samples.WEB.name) == samples.WEB.name == "web"
    assert WEB.name in title_of(BLOCKING)
