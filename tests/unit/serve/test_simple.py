"""One text in, one text out: /v1/generate and /chat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from serve.chat.types import Conversation
from serve.messages import Generate, Load, Loaded, Message, TextPrompt
from tests.helpers.app import App, running_app
from tests.helpers.fakes import LOADED, EchoWorker, FakeWorker


def run(story: Callable[[App], Awaitable[None]], kind: type[FakeWorker] = EchoWorker, **settings: Any) -> None:
    """A story of one application."""

    async def all_of_it() -> None:
        async with running_app(kind, **settings) as app:
            await story(app)

    asyncio.run(all_of_it())


def asked(app: App) -> list[TextPrompt | Conversation]:
    """The prompts that the worker got."""
    heard = [message for worker in app.launcher.workers for message in worker.heard]
    prompts = [message.request.prompt for message in heard if isinstance(message, Generate)]
    return [prompt for prompt in prompts if isinstance(prompt, TextPrompt | Conversation)]


class PlainWorker(EchoWorker):
    """A model without a chat template."""

    def send(self, message: Message) -> None:
        """Answer like one."""
        if isinstance(message, Load):
            self.say(Loaded(replace(LOADED.info, chat_template=None), load_s=0.1))
        else:
            super().send(message)


def test_a_prompt_is_answered_with_one_text() -> None:
    """`response` is all that scripts look at; the rest tells how it came to be."""

    async def story(app: App) -> None:
        answer = await app.client.post(
            "/v1/generate",
            json={"model": "gpt-4o", "prompt": "hello big world", "max_tokens": 50},
            headers={"x-request-id": "id-1"},
        )
        told = answer.json()
        assert told.pop("inference_ms") >= 0
        assert told.pop("usage")["total_tokens"] == 6
        assert told == {
            "model": "m",
            "response": "hello big world ",
            "done": True,
            "finish_reason": "stop",
            "tokens_generated": 3,
            "request_id": "id-1",
        }

    run(story)


def test_a_stream_brings_the_same_text_in_pieces() -> None:
    """Server-sent events; the last one has the numbers, and [DONE] follows."""

    async def story(app: App) -> None:
        answer = await app.client.post("/v1/generate", json={"prompt": "hello big world", "stream": True})
        assert answer.headers["content-type"].startswith("text/event-stream")
        *events, done, rest = answer.text.split("\n\n")
        assert (done, rest) == ("data: [DONE]", "")
        chunks = [json.loads(event.removeprefix("data: ")) for event in events]
        assert [chunk["response"] for chunk in chunks] == ["hello ", "big ", "world ", ""]
        assert [chunk["done"] for chunk in chunks] == [False, False, False, True]
        assert (chunks[-1]["finish_reason"], chunks[-1]["tokens_generated"]) == ("stop", 3)

    run(story)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (EchoWorker, {}, [("user", "Hi")]),
        (EchoWorker, {"system": "Be kind."}, [("system", "Be kind."), ("user", "Hi")]),
        (EchoWorker, {"raw": True}, "Hi"),
        (PlainWorker, {}, "Hi"),
        (PlainWorker, {"system": "Be kind."}, "Be kind.\n\nHi"),
    ],
)
def test_a_prompt_is_what_a_user_says_where_the_model_chats(kind: type[FakeWorker], fields: Any, words: Any) -> None:
    """By its template, unless `raw`; a model without one goes on with the text."""

    async def story(app: App) -> None:
        assert (await app.client.post("/v1/generate", json={"prompt": "Hi", **fields})).status_code == 200
        (prompt,) = asked(app)
        if isinstance(prompt, Conversation):
            assert [(message.role, message.content) for message in prompt.messages] == words
        else:
            assert prompt.parts == (words,)

    run(story, kind)


def test_a_chat_takes_a_message_or_a_conversation() -> None:
    """Both answered with one text."""

    async def story(app: App) -> None:
        one = await app.client.post("/chat", json={"message": "hello world", "max_tokens": 9, "temperature": 0.5})
        assert (one.status_code, one.json()["response"]) == (200, "hello world ")
        messages = [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ]
        more = await app.client.post("/chat", json={"messages": messages, "system": "s"})
        assert more.json()["response"] == "c "
        last = asked(app)[-1]
        assert isinstance(last, Conversation)
        assert [message.content for message in last.messages] == ["s", "a", "b", "c"]

    run(story)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/generate", {}, "prompt"),
        ("/v1/generate", {"prompt": ""}, "prompt"),
        ("/v1/generate", {"prompt": ["a"]}, "prompt"),
        ("/v1/generate", {"prompt": "a", "n": 2}, "n"),
        ("/v1/generate", {"prompt": "a", "max_tokens": 0}, "max_tokens"),
        ("/v1/generate", {"prompt": "a", "raw": True, "system": "s"}, "system"),
        ("/v1/generate", {"prompt": "a", "model": "other"}, "model"),
        ("/v1/generate", {"prompt": "a", "logprobs": True}, "logprobs"),
        ("/chat", {}, "message"),
        ("/chat", {"message": "a", "messages": [{"role": "user", "content": "a"}]}, "message"),
        ("/chat", {"message": "a", "tools": [{"type": "function"}]}, "tools"),
        ("/chat", {"messages": []}, "messages"),
    ],
)
def test_what_is_wrong_is_named(path: str, body: dict[str, Any], param: str) -> None:
    """In OpenAI's shape, with the field."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]["param"]) == (404 if "model" in body else 400, param)

    run(story)


def test_what_nobody_knows_is_ignored() -> None:
    """Clients send many fields."""

    async def story(app: App) -> None:
        body = {"prompt": "a", "user_id": "x", "frobnicate": {"a": 1}}
        assert (await app.client.post("/v1/generate", json=body)).status_code == 200

    run(story)
