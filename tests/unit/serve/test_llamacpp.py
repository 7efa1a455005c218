"""Tests of serve.routes.llamacpp, on fake workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from serve.messages import Generate
from serve.models import AdapterEntry, Models
from tests.helpers.app import MODELS, App, running_app
from tests.helpers.fakes import FakeWorker

ADAPTERS = Models(
    (replace(MODELS.models[0], adapters=(AdapterEntry("a", "a.gguf"), AdapterEntry("b", "b.gguf", 0.5))),)
)


def run(story: Callable[[App], Awaitable[None]], **options: Any) -> None:
    """A story about the application."""

    async def with_app() -> None:
        async with running_app(**options) as app:
            await story(app)

    asyncio.run(with_app())


def test_a_completion_is_told_whole_or_as_a_list() -> None:
    """As its prompt is one or several."""

    async def story(app: App) -> None:
        one = (await app.client.post("/completion", json={"prompt": "a b"})).json()
        assert (one["content"], one["stop_type"], one["prompt"]) == ("a b ", "eos", "")
        two = (await app.client.post("/completions", json={"prompt": ["a", [1, 2]]})).json()
        assert [each["content"] for each in two] == ["a ", "1 2 "]

    run(story)


def test_a_stream_of_llama_cpp_has_no_done() -> None:
    """Its last chunk says that it is the last."""

    async def story(app: App) -> None:
        text = (await app.client.post("/completion", json={"prompt": "a b", "stream": True})).text
        chunks = [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n") if line]
        assert [chunk["stop"] for chunk in chunks] == [False, False, True]

    run(story)


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("/tokenize", {"content": "ab"}, {"tokens": [97, 98]}),
        ("/tokenize", {"content": ["a", "b"]}, {"tokens": [97, 98]}),
        ("/tokenize", {}, {"tokens": []}),
        (
            "/tokenize",
            {"content": "aé", "with_pieces": True},
            {"tokens": [{"id": 97, "piece": "a"}, {"id": 0xC3, "piece": [0xC3]}, {"id": 0xA9, "piece": [0xA9]}]},
        ),
        ("/detokenize", {"tokens": [97, 98]}, {"content": "ab"}),
        ("/apply-template", {"messages": [{"role": "user", "content": "a b"}]}, {"prompt": "a b"}),
        (
            "/v1/chat/completions/input_tokens",
            {"messages": [{"role": "user", "content": "a b"}]},
            {"object": "response.input_tokens", "input_tokens": 3},
        ),
    ],
)
def test_questions_about_tokens_need_no_slot(path: str, body: dict[str, Any], answer: dict[str, Any]) -> None:
    """The worker answers them beside its engine."""

    async def story(app: App) -> None:
        assert (await app.client.post(path, json=body)).json() == answer
        assert not any(isinstance(m, Generate) for m in app.launcher.workers[0].heard)
        assert app.supervisor.num_requests == 0

    run(story)


def test_questions_need_a_model_that_serves() -> None:
    """And are refused like all requests otherwise."""

    async def story(app: App) -> None:
        answer = await app.client.post("/tokenize", json={"content": "a"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "model_not_ready")
        mixed = await app.client.post("/tokenize", json={"content": ["a", 1]})
        assert mixed.status_code in (400, 503)

    run(story, present=False)


@pytest.mark.parametrize(("path", "field"), [("/tokenize", "content"), ("/detokenize", "tokens")])
def test_no_question_is_too_small_to_need_a_model(path: str, field: str) -> None:
    """Of nothing, too, a model that is not here has no tokens."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json={"model": "none", field: []})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
        assert (await app.client.post(path, json={"model": "m", field: []})).status_code == 200

    run(story)


def test_props_say_what_a_model_is_set_to() -> None:
    """Under llama.cpp's names; also before it was loaded."""

    async def story(app: App) -> None:
        found = (await app.client.get("/props")).json()
        assert (found["total_slots"], found["model_path"]) == (2, "/models/m.gguf")
        assert (found["default_generation_settings"]["n_ctx"], found["bos_token"]) == (64, "<s>")
        assert found["default_generation_settings"]["params"]["temperature"] == 0.8
        assert found["chat_template"] == "a template"

    async def before(app: App) -> None:
        assert (await app.client.get("/props")).json()["bos_token"] == ""

    run(story)
    run(before, kind=FakeWorker)


def test_slots_say_only_whether_they_are_taken() -> None:
    """What is in them belongs to those who sent it."""

    async def story(app: App) -> None:
        assert (await app.client.get("/slots")).json() == [
            {"id": 0, "n_ctx": 64, "speculative": False, "is_processing": False},
            {"id": 1, "n_ctx": 64, "speculative": False, "is_processing": False},
        ]

    run(story)


def test_adapters_are_set_for_all_that_come_after() -> None:
    """Those that are not named are off; a request's own wish wins."""

    async def story(app: App) -> None:
        assert [(a["id"], a["scale"]) for a in (await app.client.get("/lora-adapters")).json()] == [(0, 0.0), (1, 0.5)]
        answer = await app.client.post("/lora-adapters", json=[{"id": 0, "scale": 0.25}])
        assert answer.json() == {"success": True}
        for body in ({"prompt": "a"}, {"prompt": "a", "lora": [{"id": 1, "scale": 1}]}):
            await app.client.post("/completion", json=body)
        heard = [m.request.adapters for m in app.launcher.workers[0].heard if isinstance(m, Generate)]
        assert [[(a.name, a.scale) for a in adapters] for adapters in heard] == [[("a", 0.25)], [("b", 1.0)]]
        refused = await app.client.post("/lora-adapters", json=[{"id": 2, "scale": 1}])
        assert refused.json()["error"]["message"] == "there is no adapter 2: model 'm' has 2"

    run(story, models=ADAPTERS)


def test_health_waits_for_the_first_load() -> None:
    """Programs that were made for llama.cpp's server wait for its 200."""

    async def story(app: App) -> None:
        assert (await app.client.get("/health")).status_code == 503

    run(story, kind=FakeWorker)
