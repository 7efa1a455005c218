"""Tests of serve.wire.ollama.turns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serve.chat.types import ChatMessage, Conversation, Tool, ToolCall
from serve.errors import InvalidRequestError
from serve.wire.ollama.turns import Turn, to_messages
from tests.unit.serve.wire.ollama.bodies import ollama_chat

HI = {"role": "user", "content": "Hi"}


def plain(*turns: dict[str, Any]) -> tuple[ChatMessage, ...]:
    """Messages of a chat as templates get them."""
    prompt = ollama_chat(messages=list(turns)).prompt
    assert isinstance(prompt, Conversation)
    return prompt.messages


def calling(*names: str, **more: Any) -> dict[str, Any]:
    """A turn of calls."""
    calls = [{"function": {"name": name, "arguments": {"of": name}}} | more for name in names]
    return {"role": "assistant", "content": "", "tool_calls": calls}


def result(content: str, **more: Any) -> dict[str, Any]:
    """A turn that tells what a call brought."""
    return {"role": "tool", "content": content} | more


def test_a_turn_has_a_role_a_text_and_thoughts() -> None:
    """Roles in any case, as in Ollama; a text may be left out."""
    told = plain(
        {"role": "System", "content": "S"},
        HI,
        {"role": "assistant", "content": "A", "thinking": "T"},
        {"role": "user"},
    )
    assert told == (
        ChatMessage("system", "S"),
        ChatMessage("user", "Hi"),
        ChatMessage("assistant", "A", reasoning="T"),
        ChatMessage("user", ""),
    )


def test_arguments_of_a_call_become_text() -> None:
    """Also none at all; text is taken as it is."""
    calls = [
        {"id": "x", "function": {"name": "f", "arguments": {"a": "é"}}},
        {"function": {"name": "g"}},
        {"function": {"name": "h", "arguments": '{"b": 1}'}},
    ]
    told = plain(HI, {"role": "assistant", "tool_calls": calls}, HI)[1]
    assert [json.loads(call.arguments_json) for call in told.tool_calls] == [{"a": "é"}, {}, {"b": 1}]
    assert told.tool_calls[0].id == "x"
    assert len({call.id for call in told.tool_calls}) == 3


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([result("1", tool_name="f"), result("2", tool_name="g")], ["call_1_0", "call_1_1"]),
        ([result("2", tool_name="g"), result("1", tool_name="f")], ["call_1_1", "call_1_0"]),
        ([result("1"), result("2")], ["call_1_0", "call_1_1"]),
        ([result("2", tool_call_id="call_1_1"), result("1")], ["call_1_1", "call_1_0"]),
        ([result("1", tool_name="other")], ["call_1_0"]),
        ([result("1", tool_call_id="mine")], ["mine"]),
        ([result("1"), result("2"), result("3")], ["call_1_0", "call_1_1", None]),
    ],
)
def test_a_result_finds_its_call(results: list[dict[str, Any]], expected: list[str | None]) -> None:
    """By its id, else by the tool's name, else in turn."""
    told = plain(HI, calling("f", "g"), *results)
    assert [message.tool_call_id for message in told[2:]] == expected


def test_two_calls_of_one_tool_are_answered_in_turn() -> None:
    """Their name alone does not tell them apart."""
    told = plain(HI, calling("f", "f"), result("1", tool_name="f"), result("2", tool_name="f"))
    assert [(message.tool_call_id, message.name) for message in told[2:]] == [("call_1_0", "f"), ("call_1_1", "f")]


@given(st.permutations(["f", "g", "h", "i"]))
def test_results_in_any_order_are_each_of_one_call(order: list[str]) -> None:
    """That of their name."""
    messages = to_messages([Turn.model_validate(each) for each in (calling("f", "g", "h", "i"), *map(_named, order))])
    ids = {call.function.name: call.id for call in messages[0].tool_calls or ()}
    assert [message.tool_call_id for message in messages[1:]] == [ids[name] for name in order]


def _named(name: str) -> dict[str, Any]:
    return result("r", tool_name=name)


@pytest.mark.parametrize("field", ["images", "audio"])
def test_what_is_no_text_is_refused(field: str) -> None:
    """An answer without it would be about something else."""
    assert plain(HI | {field: []}) == plain(HI)
    with pytest.raises(InvalidRequestError, match=rf"messages\.0\.{field} is \['aGk='\]"):
        plain(HI | {field: ["aGk="]})


def test_roles_and_calls_are_checked() -> None:
    """Calls are the assistant's only."""
    with pytest.raises(ValidationError):
        plain({"role": "robot", "content": "x"})
    with pytest.raises(InvalidRequestError, match="tool_calls are in a message of role 'user'"):
        plain(HI | {"tool_calls": [{"function": {"name": "f"}}]})


def test_tools_are_openais() -> None:
    """Their type may be left out."""
    function = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    prompt = ollama_chat(tools=[{"function": function}, {"type": "function", "function": {"name": "g"}}]).prompt
    assert isinstance(prompt, Conversation)
    assert prompt.tools == (Tool("f", "d", json.dumps(function["parameters"])), Tool("g"))


def test_a_call_is_the_same_in_our_words() -> None:
    """With an id of its own."""
    assert plain(HI, calling("f"), result("1"))[1].tool_calls == (ToolCall("call_1_0", "f", '{"of": "f"}'),)
