"""Tests of serve.chat.turns: what becomes of messages for templates that take less than all."""

from __future__ import annotations

import pytest

from serve.chat.probe import Capabilities
from serve.chat.turns import native_turns, tools_of, worded_turns
from serve.chat.types import ChatMessage, ToolCall
from tests.helpers.conversations import (
    SYSTEM,
    TIME_CALL,
    TIME_RESULT,
    WEATHER,
    WEATHER_CALL,
    WEATHER_RESULT,
    assistant,
    user,
)

ALL = Capabilities(tools=True, object_arguments=True, parallel_calls=True, null_content=True)
BOTH = (user("Both?"), assistant("I look.", WEATHER_CALL, TIME_CALL, reasoning="hm"), WEATHER_RESULT, TIME_RESULT)


def test_tools_look_as_openai_has_them() -> None:
    """In its order of keys, as templates write them out."""
    (tool,) = tools_of([WEATHER])
    assert list(tool) == ["type", "function"]
    assert list(tool["function"]) == ["name", "description", "parameters"]
    assert list(tool["function"]["parameters"]["properties"]) == ["city", "days", "unit"]


def test_a_template_that_takes_all_gets_all() -> None:
    """Arguments as an object, no content beside calls, thoughts under their name."""
    turns = native_turns((SYSTEM, user("Hi"), assistant(None, WEATHER_CALL, reasoning="hm"), WEATHER_RESULT), ALL)
    assert turns[:2] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    function = {"name": "get_weather", "arguments": {"city": "Bonn", "days": 2}}
    assert turns[2] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "hm",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    assert turns[3] == {
        "role": "tool",
        "content": '{"sky": "blue"}',
        "name": "get_weather",
        "tool_call_id": "call_1",
    }


def test_arguments_are_text_where_the_template_wants_text() -> None:
    """Exactly what the client sent."""
    (turn,) = native_turns([assistant(None, WEATHER_CALL)], Capabilities(tools=True))
    assert turn["content"] == ""
    assert turn["tool_calls"][0]["function"]["arguments"] == '{"city": "Bonn", "days": 2}'


@pytest.mark.parametrize(("text", "arguments"), [("{oops", {"arguments": "{oops"}), ("", {}), ("[1]", [1])])
def test_arguments_that_are_no_json_are_told_back_as_they_were(text: str, arguments: object) -> None:
    """A model once wrote them, and must see its mistake."""
    (turn,) = native_turns([assistant(None, ToolCall("a", "b", text))], ALL)
    assert turn["tool_calls"][0]["function"]["arguments"] == arguments


def test_calls_at_once_become_calls_in_turn() -> None:
    """Each followed by its own result, for a template that takes one call a turn."""
    turns = native_turns(BOTH, Capabilities(tools=True, object_arguments=True))
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "assistant", "tool"]
    assert [turn["content"] for turn in turns] == ["Both?", "I look.", '{"sky": "blue"}', "", "12:00"]
    assert [turn["tool_calls"][0]["id"] for turn in turns[1::2]] == ["call_1", "call_2"]
    assert "reasoning_content" not in turns[3]


def test_calls_without_results_stay_calls() -> None:
    """Nothing is invented."""
    turns = native_turns([assistant(None, WEATHER_CALL, TIME_CALL), TIME_RESULT], Capabilities(tools=True))
    assert [turn["role"] for turn in turns] == ["assistant", "assistant", "tool"]


def test_ids_become_short_ones_that_still_match() -> None:
    """Mistral's templates refuse any other; nine letters and digits stay."""
    calls = native_turns(
        [assistant(None, WEATHER_CALL, ToolCall("abcdefghi", "b", "{}")), WEATHER_RESULT],
        Capabilities(tools=True, parallel_calls=True, short_ids=True),
    )
    first, second = (call["id"] for call in calls[0]["tool_calls"])
    assert (len(first), second) == (9, "abcdefghi")
    assert first.isalnum()
    assert calls[1]["tool_call_id"] == first


def test_gpt_oss_takes_thoughts_or_content_beside_a_call() -> None:
    """Its template refuses both, so they become one."""
    (turn,) = native_turns(
        [assistant("I look.", WEATHER_CALL, reasoning="hm")], Capabilities(tools=True, thinking_key="thinking")
    )
    assert (turn["content"], turn["thinking"]) == ("", "hm\nI look.")


def test_without_a_system_role_the_user_says_it() -> None:
    """At the beginning of the first turn."""
    turns = native_turns([SYSTEM, user("Hi")], Capabilities(system=False))
    assert turns == [{"role": "user", "content": "Be brief.\n\nHi"}]


def test_developer_is_system() -> None:
    """OpenAI's newer word."""
    assert native_turns([ChatMessage("developer", "x")], ALL) == [{"role": "system", "content": "x"}]


def test_turns_of_one_role_become_one_where_they_must_alternate() -> None:
    """Only text can."""
    turns = native_turns([user("a"), user("b"), assistant(None), user("c")], Capabilities(repeated_roles=False))
    assert [turn["content"] for turn in turns] == ["a\n\nb", "", "c"]


def test_content_becomes_parts_where_the_template_wants_parts() -> None:
    """Never text."""
    assert native_turns([user("a")], Capabilities(typed_content=True)) == [
        {"role": "user", "content": [{"type": "text", "text": "a"}]}
    ]


def test_what_a_template_does_not_know_is_told_in_words() -> None:
    """Calls as the model is told to write them, results as the user's words under the function's name."""
    result = ChatMessage("tool", "12:00", tool_call_id="call_2")
    turns = worded_turns([SYSTEM, *BOTH[:3], result], [WEATHER], Capabilities(repeated_roles=False), wanted=False)
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[0]["content"].startswith('You can call these functions:\n{"name": "get_weather", ')
    assert turns[0]["content"].endswith("\n\nBe brief.")
    assert turns[2]["content"] == (
        'I look.\n\n{"tool_calls": [{"name": "get_weather", "arguments": {"city": "Bonn", "days": 2}}, '
        '{"name": "get_time", "arguments": {}}]}'
    )
    assert turns[3]["content"] == 'Result of get_weather:\n{"sky": "blue"}\n\nResult of get_time:\n12:00'


def test_a_result_that_nobody_asked_for_is_still_told() -> None:
    """Without a name, if there is none."""
    turns = worded_turns([ChatMessage("tool", "x")], (), Capabilities(), wanted=False)
    assert turns == [{"role": "user", "content": "Result:\nx"}]
