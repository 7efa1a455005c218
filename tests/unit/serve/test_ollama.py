"""Tests of serve.routes.ollama, on fake workers."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from serve.chat.types import Conversation
from serve.engine.types import Failed, FailureKind
from serve.messages import Cancel, Events, Generate, Message, TextPrompt
from serve.models import Models
from tests.helpers.app import MODELS, App, running_app
from tests.helpers.fakes import EchoWorker, words_of

BY_DEMAND = Models((replace(MODELS.models[0], load="on_demand"),))
HELLO = [{"role": "user", "content": "hello big world"}]


def run(story: Callable[[App], Awaitable[None]], **options: Any) -> None:
    """A story about the application."""

    async def with_app() -> None:
        async with running_app(**options) as app:
            await story(app)

    asyncio.run(with_app())


async def post(app: App, path: str, **body: Any) -> Any:
    """An answer that must be a good one: all its lines where they are several."""
    answer = await app.client.post(path, json={"model": "m"} | body)
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"] == "application/x-ndjson":
        return [json.loads(line) for line in answer.text.splitlines()]
    return answer.json()


def generated(app: App) -> list[Generate]:
    """What the worker was asked."""
    return [message for message in app.launcher.workers[0].heard if isinstance(message, Generate)]


def awake(story: Callable[[App], Awaitable[None]]) -> Callable[[App], Awaitable[None]]:
    """The story, on a model that serves though it was to wait for its first request."""

    async def told(app: App) -> None:
        await app.supervisor.wake("m")
        await story(app)

    return told


class Slow(EchoWorker):
    """Takes a request and says nothing."""

    hold_back = True


class Stays:
    """Notes how long models are to stay, and what is unloaded."""

    def __init__(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[str, float | None]] = []
        self.unloaded: list[str] = []
        monkeypatch.setattr(app.supervisor, "keep_alive", lambda name, seconds: self.told.append((name, seconds)))

        async def unload(name: str) -> None:
            self.unloaded.append(name)

        monkeypatch.setattr(app.supervisor, "unload", unload)


def test_a_chat_is_answered_in_pieces_unless_it_says_otherwise() -> None:
    """Under the name that was asked for."""

    async def story(app: App) -> None:
        lines = await post(app, "/api/chat", model="gpt-4o", messages=HELLO)
        assert [line["message"]["content"] for line in lines] == ["hello ", "big ", "world ", ""]
        assert [line["done"] for line in lines] == [False, False, False, True]
        whole = await post(app, "/api/chat", model="gpt-4o", messages=HELLO, stream=False)
        assert whole["message"] == {"role": "assistant", "content": "hello big world "}
        assert (whole["model"], whole["eval_count"]) == ("gpt-4o", 3)
        assert whole["total_duration"] >= whole["load_duration"] > 0

    run(story)


@pytest.mark.parametrize("name", ["m:latest", "M", "GPT-4o:latest"])
def test_names_are_compared_as_ollama_does(name: str) -> None:
    """Capitals and the tag `latest` don't matter; the answer has the name that was asked for."""

    async def story(app: App) -> None:
        assert (await post(app, "/api/generate", model=name, prompt="a", stream=False))["model"] == name

    run(story)


def test_a_prompt_is_answered_and_gone_on_with() -> None:
    """The context of one answer is the beginning of the next question."""

    async def story(app: App) -> None:
        first = await post(app, "/api/generate", prompt="a b", system="S", stream=False)
        assert first["response"] == "a b "
        await post(app, "/api/generate", prompt="c", context=first["context"])
        prompt = generated(app)[-1].request.prompt
        assert isinstance(prompt, Conversation)
        assert [(each.role, each.content) for each in prompt.messages] == [
            ("system", "S"),
            ("user", "a b"),
            ("assistant", "a b "),
            ("user", "c"),
        ]

    run(story)


def test_a_raw_prompt_has_no_context() -> None:
    """As in Ollama: there was no conversation."""

    async def story(app: App) -> None:
        answer = await post(app, "/api/generate", prompt="a b", raw=True, stream=False)
        assert answer["response"] == "a b "
        assert "context" not in answer
        assert generated(app)[-1].request.prompt == TextPrompt(("a b",))

    run(story)


@pytest.mark.parametrize(("path", "empty"), [("/api/generate", {"prompt": ""}), ("/api/chat", {"messages": []})])
def test_nothing_to_answer_loads_the_model_or_unloads_it(
    monkeypatch: pytest.MonkeyPatch, path: str, empty: dict[str, Any]
) -> None:
    """One object, also where pieces were asked for."""

    async def story(app: App) -> None:
        stays = Stays(app, monkeypatch)
        answer = await post(app, path, model="M:latest", keep_alive="5m", **empty)
        assert (answer["done"], answer["done_reason"], answer["model"]) == (True, "load", "M:latest")
        assert stays.told == [("m", 300)]
        answer = await post(app, path, keep_alive=0)
        assert (answer["done"], answer["done_reason"]) == (True, "unload")
        assert (stays.unloaded, len(stays.told)) == (["m"], 1)
        assert not generated(app)

    run(awake(story), models=BY_DEMAND)


def test_who_unloads_a_busy_model_ends_nobody_s_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes when it is idle."""

    async def story(app: App) -> None:
        stays = Stays(app, monkeypatch)
        asking = asyncio.create_task(app.client.post("/api/chat", json={"model": "m", "messages": HELLO}))
        while not generated(app):
            await asyncio.sleep(0)
        assert (await post(app, "/api/generate", keep_alive=0))["done_reason"] == "unload"
        assert (stays.unloaded, stays.told) == ([], [("m", 0)])
        asking.cancel()
        await asyncio.wait({asking})

    run(awake(story), models=BY_DEMAND, kind=Slow)


@pytest.mark.parametrize("changes", [{"load": "preload"}, {"load": "on_demand", "pinned": True}])
def test_a_model_that_is_set_to_stay_stays(monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]) -> None:
    """Many clients send five minutes with whatever they ask."""

    async def story(app: App) -> None:
        stays = Stays(app, monkeypatch)
        await post(app, "/api/generate", prompt="a", keep_alive="5m")
        answer = await app.client.post("/api/generate", json={"model": "m", "keep_alive": 0})
        assert (answer.status_code, answer.json()) == (409, {"error": "model 'm' is set to stay loaded"})
        assert (stays.unloaded, stays.told) == ([], [])

    run(awake(story), models=Models((replace(MODELS.models[0], **changes),)))


@pytest.mark.parametrize("stream", [True, False])
def test_how_long_a_model_stays_is_told_when_its_answer_ends(monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    """Once, and only where it was said."""

    async def story(app: App) -> None:
        stays = Stays(app, monkeypatch)
        await post(app, "/api/chat", messages=HELLO, stream=stream, keep_alive=-1)
        await post(app, "/api/chat", messages=HELLO, stream=stream)
        await post(app, "/api/generate", prompt="a", stream=stream, keep_alive=0)
        await post(app, "/api/embed", input="a", keep_alive="10s")
        assert stays.told == [("m", -1), ("m", 0), ("m", 10)]

    run(awake(story), models=BY_DEMAND)


class Small(EchoWorker):
    """Has room for a prompt of three words and nothing that is to be of any length."""

    def send(self, message: Message) -> None:
        """Refuse as the engine does."""
        if isinstance(message, Generate) and (message.request.max_tokens is not None or num_words(message) > 3):
            self.heard.append(message)
            told = Failed(message.id, FailureKind.TOO_LONG, "too much", num_prompt_tokens=20 * num_words(message))
            self.say(Events((told,)))
        else:
            super().send(message)


def num_words(message: Generate) -> int:
    """Of its prompt."""
    return len(words_of(message.request.prompt))


@pytest.mark.parametrize("stream", [True, False])
def test_more_tokens_than_fit_are_as_many_as_fit(stream: bool) -> None:
    """Only a prompt that does not fit is an error, told once."""

    async def story(app: App) -> None:
        options = {"num_predict": 50}
        answer = await post(app, "/api/generate", prompt="a b c", stream=stream, options=options)
        assert (answer[-1] if stream else answer)["eval_count"] == 3
        assert [each.request.max_tokens for each in generated(app)] == [50, None]
        body = {"model": "m", "prompt": "a b c d", "stream": stream}
        for more in ({}, {"options": options}):
            refused = await app.client.post("/api/generate", json=body | more)
            assert (refused.status_code, list(refused.json())) == (400, ["error"])
        assert len(generated(app)) == 4

    run(story, kind=Small)


def test_thoughts_that_a_model_has_none_of_are_refused() -> None:
    """In Ollama's words; not to think is nothing to ask for."""

    async def story(app: App) -> None:
        for path, body in (("/api/chat", {"messages": HELLO}), ("/api/generate", {"prompt": "a"})):
            answer = await app.client.post(path, json={"model": "m", "think": True} | body)
            assert (answer.status_code, answer.json()) == (400, {"error": '"m" does not support thinking'})
            await post(app, path, think=False, **body)

    run(story)


@pytest.mark.parametrize("path", ["/api/generate", "/api/chat", "/api/embed", "/api/embeddings"])
def test_an_unknown_model_is_not_found_in_ollamas_words(path: str) -> None:
    """Clients look for them to pull it."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json={"model": "other"})
        assert (answer.status_code, answer.json()) == (404, {"error": "model 'other' not found"})

    run(story)


def test_a_server_without_models_says_so() -> None:
    """Also where no model was named: it is not a mistake of ours."""

    async def story(app: App) -> None:
        answer = await app.client.post("/api/generate", json={"prompt": "a"})
        assert (answer.status_code, answer.json()) == (404, {"error": "model '' not found"})
        assert (await app.client.get("/api/tags")).json() == {"models": []}

    run(story, models=Models(()))


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/api/chat", {"messages": [{"role": "robot"}]}, "messages.0.role"),
        ("/api/chat", {"messages": HELLO, "options": {"top_p": 7}}, "options.top_p is 7"),
        ("/api/generate", {"prompt": 5}, "prompt is 5"),
        ("/api/generate", {"prompt": "a", "keep_alive": "soon"}, "keep_alive is 'soon'"),
        ("/api/generate", {"prompt": "a", "context": [1, 2]}, "context is not from an answer of this server"),
        ("/api/generate", {"prompt": "a", "suffix": "b"}, "suffix is 'b'"),
        ("/api/embed", {"input": [5]}, "input"),
    ],
)
def test_a_wrong_request_is_told_in_ollamas_shape(path: str, body: dict[str, Any], words: str) -> None:
    """With its field and its value."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json={"model": "m"} | body)
        assert answer.status_code == 400
        assert list(answer.json()) == ["error"]
        assert words in answer.json()["error"]

    run(story)


def test_who_leaves_a_stream_ends_it() -> None:
    """Nothing is computed for nobody; how long the model stays is told all the same."""

    async def story(app: App) -> None:
        asking = asyncio.create_task(app.client.post("/api/chat", json={"model": "m", "messages": HELLO}))
        while not generated(app):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        assert any(isinstance(message, Cancel) for message in app.launcher.workers[0].heard)

    run(story, kind=Slow)


def test_vectors_have_length_1() -> None:
    """One for each text; fewer dimensions are made of length 1 again, more ask for nothing."""

    async def story(app: App) -> None:
        answer = await post(app, "/api/embed", input=["a", "b c"])
        assert [math.hypot(*vector) for vector in answer["embeddings"]] == pytest.approx([1, 1])
        assert (answer["prompt_eval_count"], answer["model"]) == (3, "m")
        assert answer["total_duration"] >= answer["load_duration"] > 0
        assert (await post(app, "/api/embed", input="a", dimensions=1))["embeddings"] == [[1.0]]
        assert len((await post(app, "/api/embed", input="a", dimensions=99))["embeddings"][0]) == 2

    run(story)


def test_the_older_vector_is_as_the_model_makes_it() -> None:
    """Of any length."""

    async def story(app: App) -> None:
        assert await post(app, "/api/embeddings", prompt="a") == {"embedding": [3.0, 4.0]}

    run(story)


def test_no_text_has_no_vector() -> None:
    """The model is loaded."""

    async def story(app: App) -> None:
        assert await post(app, "/api/embed") == {"model": "m", "embeddings": []}
        assert await post(app, "/api/embed", input=[]) == {"model": "m", "embeddings": []}
        assert await post(app, "/api/embeddings") == {"embedding": []}
        assert not generated(app)

    run(story)


@pytest.mark.parametrize(("num_bytes", "num_tokens"), [(60, None), (61, 60), (5000, 60)])
def test_a_long_text_is_cut(num_bytes: int, num_tokens: int | None) -> None:
    """To the context of 64 without what a model may want around a text; one that fits at any rate is not looked at."""

    async def story(app: App) -> None:
        await post(app, "/api/embed", input="x" * num_bytes)
        prompt = generated(app)[-1].request.prompt
        assert isinstance(prompt, TextPrompt)
        assert prompt.parts == (("x" * num_bytes,) if num_tokens is None else (ord("x"),) * num_tokens)

    run(story)


def test_a_text_that_must_not_be_cut_goes_as_it_is() -> None:
    """Whether it fits is the model's to say."""

    async def story(app: App) -> None:
        await post(app, "/api/embed", input="x" * 5000, truncate=False)
        assert generated(app)[-1].request.prompt == TextPrompt(("x" * 5000,))

    run(story)


def test_a_gateway_s_headers_count() -> None:
    """As for every other API."""

    async def story(app: App) -> None:
        body = {"model": "m", "messages": HELLO}
        await app.client.post("/api/chat", json=body, headers={"x-priority": "-5"})
        assert generated(app)[-1].request.priority == 5

    run(story)
