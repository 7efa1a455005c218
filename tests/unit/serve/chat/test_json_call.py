"""Tests of serve.chat.json_call: one object, in any order of keys, in any state of completion."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.chat.json_call import CallReader, CallStatus, JsonSkimmer


def reader(text: str) -> tuple[CallReader, int]:
    """After all of the text."""
    made = CallReader({"get"})
    return made, made.feed(text)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('{"name": "get", "arguments": {"a": 1}}', '{"a": 1}'),
        ('{"arguments":{"a":1},"name":"get"}', '{"a":1}'),
        ('{"name": "get", "parameters": {}}', "{}"),
        ('{"name": "get"}', ""),
        ('{ "type" : "function" , "name" : "get" , "more": [1, {"x": null}], "arguments" : {} }', "{}"),
        ('{"type": "function", "function": {"name": "get", "arguments": {"a": "}"}}}', '{"a": "}"}'),
        ('{"function": "get", "arguments": {}}', "{}"),
        ('{"name": "\\u0067et", "arguments": "{\\"a\\": \\"\\\\n\\"}"}', '{"a": "\\n"}'),
        ('{"name": "get", "arguments": {"a": 1}, "parameters": {"b": 2}}', '{"a": 1}'),
    ],
)
def test_a_call_is_read_whatever_its_dress(text: str, arguments: str) -> None:
    """And nothing behind it."""
    made, count = reader(text + "rest")
    assert (made.status, made.name, count) == (CallStatus.DONE, "get", len(text))
    assert made.take_arguments() == arguments


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        "{}",
        '{"name": "other"}',
        '{"name": 1}',
        '{"name": {"name": "get"}}',
        '{"name" "get"}',
        '{"name": }',
        "{name: 'get'}",
        '{"type": "x" "name": "get"}',
        '{"type": "x",}',
        '{"arguments": {}}',
        '{"function": {"function": {"function": {"function": {}}}}}',
        "[1]",
    ],
)
def test_what_is_no_call_is_content_to_the_letter(text: str) -> None:
    """As soon as that is certain."""
    made, count = reader(text)
    assert made.status is CallStatus.NO_CALL
    assert made.raw + text[count:] == text
    assert made.take_arguments() == ""


def test_a_call_that_breaks_off_was_one() -> None:
    """What came of it stays."""
    made, _ = reader('{"name": "get", "arguments": {"a": ]')
    assert made.status is CallStatus.BROKEN
    assert made.take_arguments().startswith('{"a": ')


def test_an_id_counts_only_before_the_call_is_announced() -> None:
    """After that, ours is out."""
    assert reader('{"id": "x", "name": "get"}')[0].id == "x"
    assert reader('{"name": "get", "id": "x"}')[0].id == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.sampled_from([",", "}", "]", " x"]), st.sampled_from([None, 1]))
def test_the_end_of_a_value_is_found(value: object, behind: str, indent: int | None) -> None:
    """Whatever it is and whatever follows."""
    text = json.dumps(value, indent=indent)
    assert JsonSkimmer().feed(text + behind) == len(text)


@given(st.text('{}[]",:\\ a1', max_size=30))
def test_no_text_is_too_much(text: str) -> None:
    """Whatever a model writes."""
    made, count = reader(text)
    assert 0 <= count <= len(text)
    assert made.status in CallStatus
