"""The table and the line of JSON."""

from __future__ import annotations

import json

import pytest

from bench.engine.pairing import ratio
from bench.engine.report import Row, at_least, at_most, json_line, number, table

FAST = Row("decode", "tok/s", "llama-server", ratio([(110.0, 100.0), (130.0, 100.0), (120.0, 100.0)]), at_least(1.1))
LARGE = Row("memory", "MiB", "llama-server", ratio([(110.0, 100.0)]), at_most(1.05))
TOLD = Row("clients", "tok/s", "llama_cpp.server", ratio([(3.0, 1.0)]))


def test_a_target_is_a_floor_or_a_ceiling_and_its_bound_is_in() -> None:
    """Speed has a floor, time and memory a ceiling."""
    assert (at_least(1.1).is_reached(1.1), at_least(1.1).is_reached(1.09)) == (True, False)
    assert (at_most(1.05).is_reached(1.05), at_most(1.05).is_reached(1.06)) == (True, False)
    assert (FAST.reached, LARGE.reached, TOLD.reached) == (True, False, None)


def test_the_table_has_aligned_columns_and_says_what_was_not_reached() -> None:
    """A row without a target claims nothing."""
    head, fast, large, told = table([FAST, LARGE, TOLD]).splitlines()
    assert fast.split("  ")[0].strip() == "decode"
    assert "1.200" in fast
    assert "1.10-1.30" in fast
    at = head.index("reached")
    assert (fast[at : at + 3], large[at : at + 2].strip(), told[at : at + 3].strip()) == ("yes", "NO", "")


def test_the_line_of_json_has_every_ratio_and_the_hardware() -> None:
    """On one line, whatever is in it."""
    line = json_line([FAST, LARGE, TOLD], {"cpu": "some\nthing", "cores": 2})
    assert "\n" not in line
    found = json.loads(line)
    assert [each["ratio"] for each in found["measurements"]] == [1.2, 1.1, 3.0]
    assert [each["reached"] for each in found["measurements"]] == [True, False, None]
    assert found["measurements"][0]["target"] == "≥ 1.1"
    assert found["hardware"]["cores"] == 2


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), (0.1234, "0.123"), (12.34, "12.3"), (1234.5, "1234")])
def test_numbers_have_three_digits_that_mean_something(value: float, shown: str) -> None:
    """And large ones none behind the point."""
    assert number(value) == shown
