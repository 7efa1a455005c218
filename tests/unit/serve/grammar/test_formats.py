"""The formats that are enforced, and those that are annotations."""

from __future__ import annotations

import pytest

from tests.unit.serve.grammar.both_ways import Cases, check_both_ways

# schema, texts that are accepted, texts that are not
CASES: Cases = {
    "date": ({"format": "date"}, ['"2024-02-29"', '"1999-12-31"'], ['"2023-02-29"', '"2024-13-01"', '"1900-02-29"']),
    "time": ({"format": "time"}, ['"23:59:59Z"', '"00:00:00.123+01:00"'], ['"24:00:00Z"', '"1:00:00Z"', '"10:00:00"']),
    "date-time": ({"format": "date-time"}, ['"2024-01-01T00:00:00Z"'], ['"2024-01-01"', '"2024-01-01 00:00:00Z"']),
    "uuid": ({"format": "uuid"}, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"123e4567"']),
    "ipv4": ({"format": "ipv4"}, ['"192.168.0.255"'], ['"256.0.0.1"', '"1.2.3"', '"01.2.3.4"']),
    "email": ({"format": "email"}, ['"a.b@c.org"'], ['"a"', '"a@b"', '"a..b@c.org"']),
    "an unknown format says nothing": ({"type": "string", "format": "colour"}, ['"x"'], ["1"]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_grammar_of_formats_accepts_what_fits_and_nothing_else(name: str) -> None:
    """Keyword by keyword."""
    check_both_ways(*CASES[name])
