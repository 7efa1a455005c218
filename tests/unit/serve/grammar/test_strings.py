"""JSON strings: lengths and patterns."""

from __future__ import annotations

import pytest

from tests.unit.serve.grammar.both_ways import Cases, check_both_ways

# schema, texts that are accepted, texts that are not
CASES: Cases = {
    "length": (
        {"type": "string", "minLength": 2, "maxLength": 3},
        ['"ab"', '"\\u00e9é"', '"\\ud83d\\ude00a"'],
        ['"a"', '"abcd"'],
    ),
    "great length": ({"type": "string", "maxLength": 2300}, ['"' + "a" * 2300 + '"', '""'], ['"' + "a" * 2301 + '"']),
    "pattern": ({"type": "string", "pattern": "^[a-c]+$"}, ['"abc"'], ['""', '"abd"', '"xabc"']),
    "pattern anywhere": ({"pattern": "b|^c"}, ['"abc"', '"b"', '"cx"'], ['"a"', '"xc"']),
    "pattern with characters to escape": ({"pattern": '^["\\\\]\n$'}, ['"\\"\\n"', '"\\\\\\n"'], ['"a\\n"']),
    "pattern and length": (
        {"pattern": "^x[a-z]*$", "maxLength": 3, "minLength": 2},
        ['"xa"', '"xab"'],
        ['"x"', '"xabc"'],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_grammar_of_strings_accepts_what_fits_and_nothing_else(name: str) -> None:
    """Keyword by keyword."""
    check_both_ways(*CASES[name])
