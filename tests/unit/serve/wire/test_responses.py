"""Tests of serve.wire.responses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import ChatMessage, Conversation, FormKind, ResponseFormat, ToolCall, ToolChoice, ToolMode
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.wire.responses import ResponsesRequest
from tests.unit.serve.wire.bodies import responses_body

TOOL = {"type": "function", "name": "f", "parameters": {"type": "object"}}
SCHEMA = {"type": "object"}
NAMED = {"type": "json_schema", "name": "x", "schema": SCHEMA, "strict": True}


def request(**fields: Any) -> GenerateRequest:
    """What is made of it."""
    return responses_body(**fields)[1]


def conversation(**fields: Any) -> Conversation:
    """The prompt."""
    prompt = request(**fields).prompt
    assert isinstance(prompt, Conversation)
    return prompt


def test_a_text_is_what_the_user_says() -> None:
    """After the instructions, which are the system's."""
    assert conversation().messages == (ChatMessage("user", "Hello"),)
    expected = (ChatMessage("system", "Be brief"), ChatMessage("user", "Hello"))
    assert conversation(instructions="Be brief").messages == expected


def test_items_are_turns() -> None:
    """What the assistant said piece by piece is one turn; a last one of the assistant's is not gone on with."""
    items = [
        {"role": "user", "content": "Go"},
        {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "5"},
        {"role": "assistant", "content": "It is 5"},
    ]
    found = conversation(input=items)
    assert found.messages == (
        ChatMessage("user", "Go"),
        ChatMessage("assistant", "", tool_calls=(ToolCall("c", "f", "{}"),), reasoning="Hm"),
        ChatMessage("tool", "5", tool_call_id="c"),
        ChatMessage("assistant", "It is 5"),
    )
    assert not found.continue_final


def test_tools_are_those_of_chats() -> None:
    """Parallel calls are allowed unless it is said."""
    found = conversation(tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
    assert ([tool.name for tool in found.tools], found.parallel) == (["f"], False)
    assert found.tool_choice == ToolChoice(ToolMode.REQUIRED)
    assert conversation(tools=[TOOL]).parallel


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"type": "text"}, ResponseFormat()),
        ({"type": "json_object"}, ResponseFormat(FormKind.JSON)),
        (NAMED, ResponseFormat(FormKind.SCHEMA, json.dumps(SCHEMA))),
    ],
)
def test_the_form_of_the_text_is_that_of_chats(form: dict[str, Any], expected: ResponseFormat) -> None:
    """The schema is beside its name."""
    found = request(text={"format": form})
    assert found.form == expected
    assert isinstance(found.prompt, Conversation)
    assert found.prompt.response_format == expected


@pytest.mark.parametrize(
    ("effort", "told"),
    [
        (None, {}),
        ("none", {"enable_thinking": False}),
        ("low", {"enable_thinking": True, "reasoning_effort": "low"}),
    ],
)
def test_effort_is_told_to_the_template(effort: str | None, told: dict[str, Any]) -> None:
    """None at all is no thinking."""
    assert json.loads(conversation(reasoning={"effort": effort}).template_kwargs_json) == told


def test_limits_and_sampling_are_those_of_chats() -> None:
    """OpenAI's names, and llama.cpp's; the model's own stop strings hold."""
    found = request(max_output_tokens=5, temperature=0, top_p=0.5, min_p=0.1, seed=7, priority=-2)
    assert (found.max_tokens, found.priority, found.stop) == (5, 2, ("\n",))
    assert (found.sampling.temperature, found.sampling.top_p, found.sampling.min_p) == (0, 0.5, 0.1)
    assert request().max_tokens is None


@pytest.mark.parametrize(
    ("fields", "num"),
    [({}, None), ({"top_logprobs": 3}, 3), ({"include": ["message.output_text.logprobs"]}, 0), ({"include": []}, None)],
)
def test_scores_come_where_they_are_asked_for(fields: dict[str, Any], num: int | None) -> None:
    """By a number, or by what is to be included."""
    assert request(**fields).num_logprobs == num


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id is 'resp_1': this server stores no responses"),
        ({"conversation": "conv_1"}, "conversation is 'conv_1': this server takes nothing here"),
        ({"background": True}, "background is True: this server takes False here"),
        ({"prompt": {"id": "p"}}, "prompt is"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema is missing"),
        ({"text": {"format": NAMED}, "grammar": "root ::= x"}, "text.format can't both say|and text.format can't both"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input.0.content.0 is of type"),
    ],
)
def test_what_is_not_served_is_refused(fields: dict[str, Any], words: str) -> None:
    """By name, with what to do."""
    with pytest.raises(InvalidRequestError, match=words):
        request(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"input": []},
        {"max_output_tokens": 0},
        {"n": 2},
        {"top_logprobs": 21},
        {"truncation": "perhaps"},
        {"metadata": {"k": 5}},
        {"metadata": {str(number): "v" for number in range(17)}},
    ],
)
def test_wrong_fields_are_refused(fields: dict[str, Any]) -> None:
    """Before anything is made of them."""
    with pytest.raises(ValidationError):
        request(**fields)


def test_what_was_asked_is_told_back() -> None:
    """And what was made of what was not."""
    body, made = responses_body(
        tools=[TOOL], text={"format": NAMED}, reasoning={"summary": "auto"}, user="u", store=True
    )
    told = body.settings(made)
    assert told["tools"][0]["name"] == "f"
    assert told["text"] == {"format": NAMED, "verbosity": "medium"}
    assert told["reasoning"] == {"effort": None, "summary": "auto"}
    assert (told["tool_choice"], told["truncation"], told["user"]) == ("auto", "disabled", "u")
    assert told["temperature"] == made.sampling.temperature
    assert body.summarizes
    assert not ResponsesRequest(input="a").summarizes
