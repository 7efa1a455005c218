"""Tests of serve.wire.form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serve.chat.types import Conversation, FormKind, ResponseFormat
from serve.errors import InvalidRequestError
from tests.unit.serve.wire.bodies import chat, completion

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("fields", "kind", "source"),
    [
        ({}, FormKind.TEXT, ""),
        ({"response_format": {"type": "text"}}, FormKind.TEXT, ""),
        ({"grammar": ""}, FormKind.TEXT, ""),
        ({"response_format": {"type": "json_object"}}, FormKind.JSON, ""),
        ({"response_format": {"type": "json_object", "schema": SCHEMA}}, FormKind.SCHEMA, json.dumps(SCHEMA)),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
            FormKind.SCHEMA,
            json.dumps(SCHEMA),
        ),
        ({"json_schema": SCHEMA}, FormKind.SCHEMA, json.dumps(SCHEMA)),
        ({"json_schema": {}}, FormKind.SCHEMA, "{}"),
        ({"guided_json": SCHEMA}, FormKind.SCHEMA, json.dumps(SCHEMA)),
        ({"guided_json": "{}"}, FormKind.SCHEMA, "{}"),
        ({"grammar": 'root ::= "a"'}, FormKind.GRAMMAR, 'root ::= "a"'),
        ({"guided_grammar": 'root ::= "a"'}, FormKind.GRAMMAR, 'root ::= "a"'),
        ({"regex": "a+"}, FormKind.REGEX, "a+"),
        ({"guided_regex": "a+"}, FormKind.REGEX, "a+"),
        ({"guided_choice": ["yes", "no?"]}, FormKind.REGEX, r"(?:yes)|(?:no\?)"),
    ],
)
def test_all_ways_to_say_it_are_one(fields: dict[str, Any], kind: FormKind, source: str) -> None:
    """In chats and in text completions."""
    wanted = ResponseFormat(kind, source)
    assert completion(**fields).form == wanted
    prompt = chat(**fields).prompt
    assert isinstance(prompt, Conversation)
    assert prompt.response_format == wanted


def test_two_ways_at_once_are_refused() -> None:
    """Which of them holds would be a guess."""
    with pytest.raises(InvalidRequestError, match="json_schema and grammar can't both say"):
        chat(json_schema=SCHEMA, grammar='root ::= "a"')


@pytest.mark.parametrize(
    "given",
    [{"type": "json_schema"}, {"type": "yaml"}, {"type": "json_schema", "json_schema": {"schema": 5}}, "json_object"],
)
def test_a_response_format_that_says_nothing_is_refused(given: Any) -> None:
    """Free text would not be what was asked for."""
    with pytest.raises((ValidationError, InvalidRequestError)):
        chat(response_format=given)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_choices_are_matched_letter_by_letter(choices: list[str]) -> None:
    """Whatever signs are in them, their expression finds them and nothing else."""
    pattern = re.compile(completion(guided_choice=choices).form.source)
    for choice in choices:
        assert pattern.fullmatch(choice)
    assert not pattern.fullmatch("".join(choices) + "x")
