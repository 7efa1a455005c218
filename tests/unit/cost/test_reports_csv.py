"""CSV: a line for each line, sums to the cent, no formulas."""

import csv
import io
from decimal import Decimal

import pytest

from infra.cost.report import Report
from infra.cost.reports import csv_report
from tests.unit.cost import samples


def rows(report: Report) -> list[dict[str, str]]:
    """As a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(csv_report.render(report))))


def test_the_lines_of_each_state_add_up() -> None:
    """With cents: 323 before, 781 after."""
    found = rows(samples.report())
    sums = {
        state: sum(Decimal(each["typical"]) for each in found if each["state"] == state)
        for state in ("before", "after")
    }
    assert sums == {"before": Decimal("323.00"), "after": Decimal("781.00")}
    assert [each["low"] for each in found if each["kind"] == "storage"] == ["8.00"]


def test_a_state_that_is_not_known_has_no_lines() -> None:
    """Not even empty ones."""
    assert {each["state"] for each in rows(samples.plain())} == {"after"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_name_is_never_a_formula(name: str) -> None:
    """What a spreadsheet would compute is marked as text."""
    assert rows(samples.plain(stack=name))[0]["stack"] == f"'{name}"


def test_hostile_names_stay_in_their_cell() -> None:
    """Quotes, commas and line ends."""
    found = rows(samples.evil())
    assert len(found) == 7
    assert all(len(each) == len(csv_report.COLUMNS) and None not in each for each in found)
