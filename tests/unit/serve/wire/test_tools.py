"""Tests of serve.wire.tools."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import Conversation, Tool, ToolChoice, ToolMode
from serve.errors import InvalidRequestError
from tests.unit.serve.wire.bodies import chat


def tool(name: str, **more: Any) -> dict[str, Any]:
    """One entry of `tools`."""
    return {"type": "function", "function": {"name": name, **more}}


TWO = [tool("f"), tool("g")]


def conversation(**fields: Any) -> Conversation:
    """What a chat says of tools."""
    prompt = chat(**fields).prompt
    assert isinstance(prompt, Conversation)
    return prompt


def test_tools_are_functions_with_schemas() -> None:
    """What is not said is as the words of chat have it."""
    given = [tool("f"), tool("g", description="does", parameters={"type": "object"}, strict=True)]
    assert conversation(tools=given).tools == (Tool("f"), Tool("g", "does", '{"type": "object"}', strict=True))


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice(ToolMode.NONE)),
        ("required", ToolChoice(ToolMode.REQUIRED)),
        (tool("f"), ToolChoice(ToolMode.REQUIRED, ("f",))),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool("g")]}},
            ToolChoice(ToolMode.AUTO, ("g",)),
        ),
    ],
)
def test_what_may_be_called_is_said_in_openais_ways(given: Any, choice: ToolChoice) -> None:
    """By mode, by name, or by a list of names."""
    assert conversation(tools=TWO, tool_choice=given).tool_choice == choice


def test_calls_may_be_kept_to_one_at_a_time() -> None:
    """Several are allowed unless it is said."""
    assert conversation(tools=TWO).parallel
    assert not conversation(tools=TWO, parallel_tool_calls=False).parallel


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tools": [tool("f"), tool("f")]}, "tools has the function 'f' twice"),
        ({"tool_choice": "required"}, "there are no tools to call"),
        ({"tools": TWO, "tool_choice": tool("h")}, "tool_choice is 'h': the tools are f, g"),
        ({"tool_choice": tool("h")}, "tool_choice is 'h': the tools are none"),
    ],
)
def test_what_can_never_be_called_is_refused(fields: dict[str, Any], words: str) -> None:
    """Instead of an answer without the call."""
    with pytest.raises(InvalidRequestError, match=words):
        conversation(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "retrieval"}]},
        {"tools": [tool("")]},
        {"tools": [tool("f", parameters=5)]},
        {"tools": [tool(f"f{n}") for n in range(129)]},
        {"tools": TWO, "tool_choice": "maybe"},
    ],
)
def test_tools_in_another_shape_are_refused(fields: dict[str, Any]) -> None:
    """Before anything else sees them."""
    with pytest.raises(ValidationError):
        conversation(**fields)
