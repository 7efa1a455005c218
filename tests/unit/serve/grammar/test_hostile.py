"""Schemas that are sent to break the server end as an answer in little time: a refusal, or a grammar within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import check
from serve.grammar.json_schema import to_gbnf

HOSTILE: dict[str, Any] = {
    "deep": json.loads('{"items":' * 500 + "{}" + "}" * 500),
    "wide": {"enum": [str(num) for num in range(60_000)]},
    "an enum of many arrays": {"enum": [[num] for num in range(9_000)]},
    "an enum as large as it may be": {"enum": [str(num) for num in range(19_000)]},
    "a chain of references": {
        "$ref": "#/$defs/0",
        "$defs": {str(num): {"$ref": f"#/$defs/{num + 1}"} for num in range(3_000)},
    },
    "doubling references": {
        "$ref": "#/$defs/0",
        "$defs": {
            str(num): {"anyOf": [{"$ref": f"#/$defs/{num + 1}"}, {"$ref": f"#/$defs/{num + 1}", "minLength": num}]}
            for num in range(60)
        }
        | {"60": {"type": "string"}},
    },
    "doubling objects": {
        "$ref": "#/$defs/0",
        "$defs": {
            str(num): {
                "anyOf": [
                    {"required": ["a"], "properties": {"a": {"$ref": f"#/$defs/{num + 1}"}, "b": {}}},
                    {"required": ["a"], "properties": {"a": {"$ref": f"#/$defs/{num + 1}"}, "c": {}}},
                ]
            }
            for num in range(60)
        }
        | {"60": {"type": "string"}},
    },
    "a pattern that backtracks": {"pattern": "^(a+)+$", "enum": ["a" * 2_000 + "b"]},
    "an ambiguous pattern": {"pattern": "^((a|aa){0,1000}){0,1000}$"},
    "a great bound": {"type": "integer", "minimum": -(10**4_000)},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_refused_or_made_into_something_bounded(name: str) -> None:
    """Either way in little time; the suite's time-out is the judge."""
    try:
        text = to_gbnf(HOSTILE[name])
    except GrammarError:
        return
    check(text)
