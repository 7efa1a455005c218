"""Numbers between bounds, exactly."""

from __future__ import annotations

import pytest

from tests.unit.serve.grammar.both_ways import Cases, check_both_ways

# schema, texts that are accepted, texts that are not
CASES: Cases = {
    "integers between": (
        {"type": "integer", "minimum": -12, "maximum": 123},
        ["-12", "0", "123", "99"],
        ["-13", "124", "1000"],
    ),
    "integers above": ({"type": "integer", "exclusiveMinimum": 9}, ["10", "11", "99999"], ["9", "0", "-10"]),
    "integers below": ({"type": "integer", "exclusiveMaximum": -9}, ["-10", "-99999"], ["-9", "0", "10"]),
    "integers between fractions": ({"type": "integer", "minimum": 0.5, "maximum": 2.5}, ["1", "2"], ["0", "3"]),
    "a share": (
        {"type": "number", "minimum": 0, "maximum": 1},
        ["0", "1", "0.25", "1.0", "0.999999"],
        ["1.1", "-0.1", "2", "1.000001", "1e0"],
    ),
    "numbers between": (
        {"type": "number", "exclusiveMinimum": -1.25, "exclusiveMaximum": 0.5},
        ["-1.249", "-1", "0", "0.4999", "-0.5"],
        ["-1.25", "0.5", "1", "-2", "-1.250"],
    ),
    "integers as multiples of one": ({"type": "integer", "multipleOf": 1}, ["3"], ["3.5"]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_grammar_of_numbers_accepts_what_fits_and_nothing_else(name: str) -> None:
    """Keyword by keyword."""
    check_both_ways(*CASES[name])
