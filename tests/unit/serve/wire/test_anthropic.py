"""Tests of serve.wire.anthropic."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import ChatMessage, Conversation, FormKind, ResponseFormat, ToolCall, ToolChoice, ToolMode
from serve.errors import InvalidRequestError
from tests.unit.serve.wire.bodies import HELLO, messages_body

TOOL = {"name": "f", "input_schema": {"type": "object"}}


def conversation(**fields: Any) -> Conversation:
    """The prompt."""
    prompt = messages_body(**fields).prompt
    assert isinstance(prompt, Conversation)
    return prompt


def thinks(**fields: Any) -> Any:
    """What the template is told."""
    return json.loads(conversation(**fields).template_kwargs_json)


def test_a_plain_request_is_a_conversation() -> None:
    """With as many tokens as it says, and the model's own stop strings."""
    found = messages_body(stop_sequences=["END", ""], top_k=5, temperature=0.5, metadata={"user_id": "u"})
    assert (found.max_tokens, found.stop) == (9, ("END", "\n"))
    assert (found.sampling.top_k, found.sampling.temperature) == (5, 0.5)
    assert conversation().messages == (ChatMessage("user", "Hello"),)


def test_the_system_is_the_first_turn() -> None:
    """As text, or as blocks, which are paragraphs."""
    blocks = [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "x"},
    ]
    assert conversation(system="Be brief.").messages[0] == ChatMessage("system", "Be brief.")
    assert conversation(system=blocks).messages[0] == ChatMessage("system", "Be brief.\n\nx")


def test_what_changes_with_every_request_is_no_part_of_the_prompt() -> None:
    """Anthropic's command line says what it bills first: behind it nothing would be found in the cache."""
    header = "x-anthropic-billing-header: cc_version=2.1; cch=a5145;"
    told = [[{"type": "text", "text": header}, {"type": "text", "text": "You help."}], f"{header}\nYou help."]
    assert {conversation(system=system).messages for system in told} == {
        (ChatMessage("system", "You help."), ChatMessage("user", "Hello"))
    }


def test_turns_of_calls_and_results_are_read() -> None:
    """Two turns of the assistant's in a row are one, as in Anthropic's API."""
    messages = [
        *HELLO,
        {"role": "assistant", "content": "I ask."},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "5"}]},
    ]
    assert conversation(messages=messages).messages[1:] == (
        ChatMessage("assistant", "I ask.", tool_calls=(ToolCall("t", "f", "{}"),)),
        ChatMessage("tool", "5", tool_call_id="t"),
    )


def test_a_last_turn_of_the_assistants_is_gone_on_with() -> None:
    """Unless it calls a tool."""
    begun = [*HELLO, {"role": "assistant", "content": "Well"}]
    assert conversation(messages=begun).continue_final
    calling = [*HELLO, {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}]
    assert not conversation(messages=calling).continue_final
    assert not conversation().continue_final


def test_tools_are_those_of_chats() -> None:
    """With the choice's word about calls at once."""
    choice = {"type": "any", "disable_parallel_tool_use": True}
    found = conversation(tools=[TOOL], tool_choice=choice)
    assert ([tool.name for tool in found.tools], found.parallel) == (["f"], False)
    assert found.tool_choice == ToolChoice(ToolMode.REQUIRED)
    assert conversation(tools=[TOOL]).parallel


@pytest.mark.parametrize(
    ("thinking", "expected"),
    [
        (None, None),
        ({"type": "disabled"}, False),
        ({"type": "enabled", "budget_tokens": 1024}, True),
        ({"type": "adaptive"}, True),
        ({"type": "between_tools"}, True),
    ],
)
def test_thinking_can_be_forbidden(thinking: Any, expected: bool | None) -> None:
    """Else the model thinks as it is set. How much of it is a wish that models do not know."""
    assert thinks(thinking=thinking) == ({} if expected is None else {"enable_thinking": expected})


def test_the_template_may_be_told_more() -> None:
    """How hard to think, and what the client says itself, which wins."""
    assert thinks(output_config={"effort": "low"}) == {"enable_thinking": True, "reasoning_effort": "low"}
    assert thinks(chat_template_kwargs={"enable_thinking": False}) == {"enable_thinking": False}


def test_an_answer_may_have_a_form() -> None:
    """By a schema, as in the newer versions of the API."""
    schema = {"type": "object"}
    form = {"type": "json_schema", "schema": schema}
    assert messages_body(output_config={"format": form}).form == ResponseFormat(FormKind.SCHEMA, json.dumps(schema))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"container": "c"}, "container is 'c'"),
        ({"compaction": {"type": "summarize"}}, "compaction is"),
        ({"thread": {"type": "create"}}, "thread is {'type': 'create'}: this server stores no conversations"),
        ({"mcp_servers": [{"url": "x"}]}, "mcp_servers is"),
        ({"system": [{"type": "image"}]}, "system has a block of type 'image'"),
        ({"tool_choice": {"type": "any"}}, "there are no tools to call"),
    ],
)
def test_what_is_not_served_is_refused(fields: dict[str, Any], words: str) -> None:
    """By name."""
    with pytest.raises(InvalidRequestError, match=words):
        messages_body(**fields)


@pytest.mark.parametrize(
    "fields",
    [{"max_tokens": None}, {"max_tokens": -1}, {"messages": []}, {"n": 2}, {"thinking": {"type": "hard"}}],
)
def test_wrong_fields_are_refused(fields: dict[str, Any]) -> None:
    """A limit must be said, as in Anthropic's API."""
    with pytest.raises(ValidationError):
        messages_body(**fields)
