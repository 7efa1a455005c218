"""Tests of serve.routes.anthropic, on fake workers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.helpers.app import App, running_app

PATH = "/v1/messages"
HELLO = [{"role": "user", "content": "hello big world"}]


async def ask(app: App, **more: Any) -> Any:
    """One request."""
    headers = {"anthropic-version": "2023-06-01"}
    return await app.client.post(PATH, json={"model": "m", "max_tokens": 9, "messages": HELLO} | more, headers=headers)


def test_an_answer_is_a_message() -> None:
    """With an id of its own."""

    async def story() -> None:
        async with running_app() as app:
            answer = (await ask(app)).json()
            assert answer["id"].startswith("msg_")
            assert answer["content"] == [{"type": "text", "text": "hello big world "}]

    asyncio.run(story())


def test_a_stream_is_named_events() -> None:
    """From the start of the message to its stop."""

    async def story() -> None:
        async with running_app() as app:
            answer = await ask(app, stream=True)
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.text.startswith("event: message_start\ndata: {")
            assert answer.text.endswith('event: message_stop\ndata: {"type":"message_stop"}\n\n')

    asyncio.run(story())


def test_a_conversation_can_be_counted() -> None:
    """Without a limit, which nothing needs here."""

    async def story() -> None:
        async with running_app() as app:
            answer = await app.client.post(f"{PATH}/count_tokens", json={"model": "m", "messages": HELLO})
            assert answer.json() == {"input_tokens": len("hello big world")}

    asyncio.run(story())


@pytest.mark.parametrize(
    ("more", "status", "kind"),
    [
        ({"model": "x"}, 404, "not_found_error"),
        ({"messages": []}, 400, "invalid_request_error"),
        ({"max_tokens": None}, 400, "invalid_request_error"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, 400, "invalid_request_error"),
    ],
)
def test_errors_have_anthropics_shape(more: dict[str, Any], status: int, kind: str) -> None:
    """Whatever finds them."""

    async def story() -> None:
        async with running_app() as app:
            answer = await ask(app, **more)
            told = answer.json()
            assert (answer.status_code, told["type"], told["error"]["type"]) == (status, "error", kind)
            assert told["request_id"] == answer.headers["x-request-id"] == answer.headers["request-id"]

    asyncio.run(story())
