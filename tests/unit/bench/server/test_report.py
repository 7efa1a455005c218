"""Tests of bench.server.report."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.engine.report import at_most
from bench.server.report import Row, json_line, percentile, table

ROWS = [
    Row("start", "s", (0.9, 0.5, 0.7), at_most(1)),
    Row("idle", "MB", (150.0,), at_most(120), "a note"),
    Row("told", "s", (1.0, 2.0)),
]


def test_the_median_counts_and_is_held_against_the_target() -> None:
    """Beside the least and the most; without a target nothing is reached or missed."""
    assert [(row.value, row.reached) for row in ROWS] == [(0.7, True), (150.0, False), (1.5, None)]
    lines = [line.split() for line in table(ROWS).splitlines()]
    assert lines[1] == ["start", "0.7", "s", "0.5-0.9", "3", "≤", "1", "yes"]
    assert lines[2][-3:] == ["NO", "a", "note"]


def test_the_last_line_has_everything_for_machines() -> None:
    """On one line, with what the machine is."""
    line = json_line(ROWS, {"cores": 2})
    assert "\n" not in line
    told = json.loads(line)
    assert told["hardware"] == {"cores": 2}
    assert told["measurements"][0] == {
        "what": "start", "unit": "s", "value": 0.7, "values": [0.9, 0.5, 0.7], "target": "≤ 1", "reached": True,
        "note": "",
    }  # fmt: skip


@given(st.lists(st.floats(0, 10), min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_percentile_is_one_of_the_values_and_few_are_above(values: list[float], share: float) -> None:
    """At most the rest of them."""
    found = percentile(values, share)
    assert found in values
    assert sum(value > found for value in values) <= (1 - share) * len(values)


@pytest.mark.parametrize(("share", "found"), [(0.5, 3), (0.99, 4)])
def test_a_percentile_of_few_is_one_of_the_slow_ones(share: float, found: int) -> None:
    """Never better than it was."""
    assert percentile([4, 1, 3, 2], share) == found
