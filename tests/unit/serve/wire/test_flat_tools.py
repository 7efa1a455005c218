"""Tests of serve.wire.flat_tools."""

from __future__ import annotations

from typing import Any

import pytest

from serve.chat.types import Tool, ToolChoice, ToolMode
from serve.errors import InvalidRequestError
from serve.wire.flat_tools import FlatToolFields
from serve.wire.tools import ToolFields

F: dict[str, Any] = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
G = {"type": "function", "name": "g", "strict": True}


def nested(**fields: Any) -> ToolFields:
    """As chats have them."""
    return FlatToolFields.model_validate({"tools": [F, G]} | fields).nested_tools()


def test_functions_are_those_of_chats() -> None:
    """Without the object around them."""
    expected = (Tool("f", "d", '{"type": "object"}'), Tool("g", strict=True))
    assert nested().plain_tools() == expected
    assert nested(tools=None).plain_tools() == ()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ("none", ToolChoice(ToolMode.NONE)),
        ("required", ToolChoice(ToolMode.REQUIRED)),
        ({"type": "function", "name": "g"}, ToolChoice(ToolMode.REQUIRED, ("g",))),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
            ToolChoice(ToolMode.AUTO, ("f",)),
        ),
    ],
)
def test_a_choice_is_the_one_of_chats(choice: Any, expected: ToolChoice) -> None:
    """All of OpenAI's ways that speak of functions."""
    assert nested(tool_choice=choice).choice() == expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tools": [F, {"type": "web_search"}]}, "tools.1.type is 'web_search': this server runs no tools of its own"),
        ({"tools": [{"type": "custom", "name": "x"}]}, "tools.0.type is 'custom'"),
        ({"tools": [{"type": "function"}]}, "tools.0.name is missing"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice.type is 'file_search'"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice.tools is missing"),
        ({"tool_choice": {"type": "function", "name": "h"}}, "tool_choice is 'h': the tools are f, g"),
        ({"tools": [F, F]}, "tools has the function 'f' twice"),
    ],
)
def test_what_nobody_would_run_is_refused(fields: dict[str, Any], words: str) -> None:
    """With its place."""

    def read() -> None:
        tools = nested(**fields)
        tools.plain_tools()
        tools.choice()

    with pytest.raises(InvalidRequestError) as error:
        read()
    assert str(error.value).startswith(words)
