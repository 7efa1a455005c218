"""Whatever a body holds, its client gets an answer or an error of the right shape: never a mistake of the server's."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.app import running_app

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "x"}]},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "5"},
        {"role": "user", "content": "hello"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}},
    "logit_bias": {"5": 1},
    "stop": ["a"],
    "stream_options": {"include_usage": True},
    "max_tokens": 5,
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "input": [
        {"role": "developer", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "y"}], "content": None},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "5"}]},
        {"role": "user", "content": "hello"},
    ],
    "instructions": "be",
    "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}],
    "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "metadata": {"k": "v"},
    "include": ["message.output_text.logprobs"],
    "truncation": "auto",
    "max_output_tokens": 5,
}
MESSAGES: dict[str, Any] = {
    "model": "m",
    "max_tokens": 5,
    "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "s"},
                {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "5", "is_error": False}]},
        {"role": "user", "content": "hello"},
    ],
    "tools": [{"name": "f", "input_schema": SCHEMA}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"},
    "stop_sequences": ["a"],
    "metadata": {"user_id": "u"},
}
OLLAMA: dict[str, Any] = {
    "model": "m",
    "keep_alive": "5m",
    "format": SCHEMA,
    "think": False,
    "stream": True,
    "options": {"num_predict": 5, "seed": 1, "stop": ["a"], "num_ctx": 64, "temperature": 0.5, "logit_bias": {"5": 1}},
}
OLLAMA_CHAT: dict[str, Any] = OLLAMA | {
    "messages": [
        {"role": "user", "content": "hello", "images": []},
        {"role": "assistant", "thinking": "t", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
        {"role": "tool", "tool_name": "f", "tool_call_id": "c", "content": "5"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
}
PATHS = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
    "/v1/messages": MESSAGES,
    "/api/chat": OLLAMA_CHAT,
    "/api/generate": OLLAMA | {"prompt": "hello", "system": "be", "context": [], "raw": False, "suffix": ""},
    "/api/embed": {"model": "m", "input": ["a", "b"], "truncate": True, "dimensions": 1, "keep_alive": 5},
    "/api/show": {"model": "m", "name": "m", "verbose": True},
}
NASTY: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 2**70, 1e308, "", "x", "\ud800", "\x00", [], {}, [[]], [None], {"": None}, {"type": "x"}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of everything in a body."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed(body: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """With this in that place."""
    made = copy.deepcopy(body)
    at: Any = made
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return made


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_body_is_a_mistake_of_ours(path: str, data: st.DataObject) -> None:
    """One thing in a rich request is replaced by something strange."""
    place = data.draw(st.sampled_from(list(places(PATHS[path]))))
    body = changed(PATHS[path], place, data.draw(NASTY))

    async def story() -> None:
        async with running_app() as app:
            answer = await app.client.post(path, content=json.dumps(body))
            assert answer.status_code in (200, 400, 404), answer.text
            error = "" if answer.status_code == 200 else answer.json()["error"]
            assert answer.status_code == 200 or (error["message"] if isinstance(error, dict) else error)

    asyncio.run(story())


@pytest.mark.parametrize("path", PATHS)
def test_the_rich_requests_are_right(path: str) -> None:
    """Else the test above would be of errors only."""

    async def story() -> None:
        async with running_app() as app:
            assert (await app.client.post(path, json=PATHS[path])).status_code == 200

    asyncio.run(story())
