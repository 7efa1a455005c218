"""Tests of serve.routes.responses, on fake workers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.helpers.app import running_app

PATH = "/v1/responses"


@pytest.mark.parametrize("path", [PATH, "/responses"])
def test_an_answer_is_a_response(path: str) -> None:
    """Also where llama.cpp has it."""

    async def story() -> None:
        async with running_app() as app:
            answer = (await app.client.post(path, json={"model": "m", "input": "hello big world"})).json()
            assert answer["id"].startswith("resp_")
            assert answer["output"][0]["content"][0]["text"] == "hello big world "
            assert (answer["model"], answer["temperature"]) == ("m", 0.8)

    asyncio.run(story())


def test_a_stream_is_named_events() -> None:
    """Without [DONE] at the end."""

    async def story() -> None:
        async with running_app() as app:
            answer = await app.client.post(PATH, json={"input": "a b", "stream": True})
            assert answer.headers["content-type"].startswith("text/event-stream")
            events = answer.text.removesuffix("\n\n").split("\n\n")
            assert events[0].startswith("event: response.created\ndata: {")
            name, data = events[-1].split("\n")
            assert name == "event: response.completed"
            assert json.loads(data.removeprefix("data: "))["response"]["output"][0]["content"][0]["text"] == "a b "

    asyncio.run(story())


def test_the_input_can_be_counted() -> None:
    """Before anything is computed."""

    async def story() -> None:
        async with running_app() as app:
            answer = await app.client.post(f"{PATH}/input_tokens", json={"input": "hello"})
            assert answer.json() == {"object": "response.input_tokens", "input_tokens": 5}

    asyncio.run(story())


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"input": "a", "model": "x"}, 404, "model"),
        ({"input": "a", "previous_response_id": "resp_1"}, 400, "previous_response_id"),
        ({"input": "a", "tools": [{"type": "web_search"}]}, 400, "tools.0.type"),
        ({"model": "m"}, 400, "input"),
    ],
)
def test_errors_have_openais_shape(body: dict[str, Any], status: int, param: str) -> None:
    """With the field that is wrong."""

    async def story() -> None:
        async with running_app() as app:
            answer = await app.client.post(PATH, json=body)
            assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)

    asyncio.run(story())


def test_a_response_can_not_be_fetched() -> None:
    """None is stored."""

    async def story() -> None:
        async with running_app() as app:
            assert (await app.client.get(f"{PATH}/resp_1")).status_code == 404

    asyncio.run(story())
