"""Tests of serve.http.mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from serve.http.mistakes import MOST_LOOKED_AT, first_mistake
from serve.wire.chat import ChatRequest
from serve.wire.responses import ResponsesRequest

HELLO = [{"role": "user", "content": "Hello"}]


def mistake(kind: type[BaseModel], body: Any) -> str:
    """As a client is told it, with the whole value."""
    with pytest.raises(ValidationError) as caught:
        kind.model_validate_json(json.dumps(body))
    place, shown, message = first_mistake(caught.value.errors(include_url=False), body)
    return f"{'.'.join(map(str, place))} is {shown}: {message}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"messages": HELLO, "stop": [5]}, "stop.0 is 5: input should be a valid string"),
        ({"messages": HELLO, "stop": 5}, "stop is 5: input should be a valid string"),
        ({"messages": [*HELLO, {"role": "user", "content": [{"type": "text"}]}]}, "messages.1.content.0.text is "),
        (
            {"messages": HELLO, "tool_choice": {"type": "custom", "custom": {"name": "f"}}},
            "tool_choice.type is 'custom': input should be 'function'",
        ),
        ({"messages": HELLO, "tool_choice": {"type": "function"}}, "tool_choice.function is "),
        ({"messages": HELLO, "tool_choice": "some"}, "tool_choice is 'some': input should be 'none', "),
        ({"messages": HELLO, "n": 0, "stop": [5]}, "n is 0: "),
        ({}, "messages is {}: field required"),
        ([], " is []: "),
    ],
)
def test_the_place_is_the_bodys_own(body: Any, told: str) -> None:
    """Without names of types; of several types that one counts of which the value has most."""
    assert mistake(ChatRequest, body).startswith(told)


def test_an_item_of_another_type_is_told_by_its_type() -> None:
    """With those that are taken, not with the names of our functions."""
    told = mistake(ResponsesRequest, {"input": [{"type": "web_search_call", "id": "x"}]})
    assert told.startswith("input.0.type is 'web_search_call': input should be 'message', ")
    assert mistake(ResponsesRequest, {"input": [5]}) == "input.0 is 5: input should be an object with a type"


def test_a_list_of_mistakes_is_not_looked_at_to_its_end() -> None:
    """The first will do."""
    assert mistake(ChatRequest, {"messages": [5] * (MOST_LOOKED_AT + 5)}).startswith("messages.0 is 5: ")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["text", "user", "function", "str"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "role", "content", "text", "stop", "str"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_every_place_leads_to_its_value(value: Any) -> None:
    """All of it but the name of what is missing."""
    body = {"messages": value, "stop": value}
    try:
        ChatRequest.model_validate_json(json.dumps(body))
    except ValidationError as error:
        place, shown, message = first_mistake(error.errors(include_url=False), body)
        found: Any = body
        for part in place[:-1] if message == "field required" else place:
            found = found[part]
        assert shown == repr(found)
