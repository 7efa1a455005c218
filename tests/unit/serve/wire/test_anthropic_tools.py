"""Tests of serve.wire.anthropic_tools."""

from __future__ import annotations

from typing import Any

import pytest

from serve.chat.types import Tool, ToolChoice, ToolMode
from serve.errors import InvalidRequestError
from serve.wire.anthropic_tools import AnthropicToolFields
from serve.wire.tools import ToolFields

F: dict[str, Any] = {"name": "f", "description": "d", "input_schema": {"type": "object"}}


def nested(**fields: Any) -> ToolFields:
    """As chats have them."""
    return AnthropicToolFields.model_validate({"tools": [F]} | fields).nested_tools()


def test_tools_are_those_of_chats() -> None:
    """Under other names; where they are cached is nobody's business here."""
    assert nested().plain_tools() == (Tool("f", "d", '{"type": "object"}'),)
    custom = F | {"type": "custom", "strict": True, "cache_control": {"type": "ephemeral"}}
    assert nested(tools=[custom]).plain_tools() == (Tool("f", "d", '{"type": "object"}', strict=True),)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ({"type": "auto"}, ToolChoice()),
        ({"type": "any"}, ToolChoice(ToolMode.REQUIRED)),
        ({"type": "tool", "name": "f"}, ToolChoice(ToolMode.REQUIRED, ("f",))),
        ({"type": "none"}, ToolChoice(ToolMode.NONE)),
    ],
)
def test_a_choice_is_the_one_of_chats(choice: Any, expected: ToolChoice) -> None:
    """`any` is what OpenAI calls required."""
    assert nested(tool_choice=choice).choice() == expected


@pytest.mark.parametrize(("disabled", "parallel"), [(None, None), (False, True), (True, False)])
def test_calls_at_once_can_be_forbidden(disabled: bool | None, parallel: bool | None) -> None:
    """Inside the choice, the other way round."""
    choice = None if disabled is None else {"type": "auto", "disable_parallel_tool_use": disabled}
    assert nested(tool_choice=choice).parallel_tool_calls is parallel


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0.type is 'web_search_20250305'"),
        ({"tools": [{"type": "computer_toolset_20260801"}]}, "tools.0.type is 'computer_toolset_20260801'"),
        ({"tools": [{"input_schema": {}}]}, "tools.0.name is missing"),
        ({"tools": [{"name": "f"}]}, "tools.0.input_schema is missing"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name is missing"),
    ],
)
def test_what_nobody_would_run_is_refused(fields: dict[str, Any], words: str) -> None:
    """With its place."""
    with pytest.raises(InvalidRequestError, match=words):
        nested(**fields)
