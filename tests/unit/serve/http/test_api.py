"""Tests of serve.http.api and serve.routes, on fake workers."""

from __future__ import annotations

import asyncio
import base64
import struct
from typing import Any

import pytest

from serve.engine.types import Failed, FailureKind
from serve.messages import Events, Generate, Message, Prepared
from serve.services import Services
from tests.helpers.app import running_app
from tests.helpers.fakes import EchoWorker, FakeWorker


class HoldingWorker(EchoWorker):
    """Accepts, and then says nothing."""

    hold_back = True


class RefusingWorker(EchoWorker):
    """Reads a prompt, but takes none."""

    def send(self, message: Message) -> None:
        """Refuse what is to be generated."""
        if isinstance(message, Generate):
            self.say(Prepared(message.id, "hermes"))
            self.say(Events((Failed(message.id, FailureKind.BAD_PROMPT, "no template"),)))
        else:
            super().send(message)


def test_chat_and_completion_answer() -> None:
    """Through wire, supervisor, stream and back."""

    async def story() -> None:
        async with running_app() as app:
            assert (await app.chat()).json()["choices"][0]["message"]["content"] == "hello big world "
            text = await app.client.post("/v1/completions", json={"model": "gpt-4o", "prompt": "a b"})
            assert text.json()["choices"][0]["text"] == "a b "

    asyncio.run(story())


def test_a_stream_is_server_sent_events() -> None:
    """With the headers that keep proxies from buffering it."""

    async def story() -> None:
        async with running_app() as app:
            answer = await app.chat(stream=True)
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["x-accel-buffering"] == "no"
            assert answer.text.endswith("data: [DONE]\n\n")
            assert app.supervisor.num_requests == 0

    asyncio.run(story())


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_before_the_first_event_has_its_own_status(stream: bool) -> None:
    """Also when a stream was asked for: its headers are not sent before the request is taken."""

    async def story() -> None:
        async with running_app(RefusingWorker) as app:
            answer = await app.chat(stream=stream)
            assert answer.status_code == 400
            assert answer.json()["error"] == {
                "message": "no template",
                "type": "invalid_request_error",
                "param": None,
                "code": "invalid_request",
            }

    asyncio.run(story())


def test_too_many_requests_get_429_and_when_to_come_back() -> None:
    """Two slots and one waiting place."""

    async def story() -> None:
        async with running_app(HoldingWorker) as app:
            held = [asyncio.create_task(app.chat()) for _ in range(3)]
            while app.supervisor.num_requests < 3:
                await asyncio.sleep(0)
            answer = await app.chat()
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
            assert answer.json()["error"]["type"] == "rate_limit_error"
            for task in held:
                task.cancel()
            await asyncio.gather(*held, return_exceptions=True)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "present", "draining", "status", "word"),
    [
        ("/health", True, False, 200, "healthy"),
        ("/health", False, False, 200, "unhealthy"),
        ("/health", True, True, 200, "draining"),
        ("/health/live", False, True, 200, "alive"),
        ("/health/ready", True, False, 200, "healthy"),
        ("/health/ready", False, False, 503, "unhealthy"),
        ("/health/ready", True, True, 503, "draining"),
        ("/ready", False, False, 503, "unhealthy"),
        ("/health/startup", True, False, 200, "healthy"),
        ("/health/deep", True, False, 200, "healthy"),
        ("/health/deep", False, False, 503, "unhealthy"),
        ("/health/deep", True, True, 503, "draining"),
    ],
)
def test_each_probe_says_what_it_is_for(path: str, present: bool, draining: bool, status: int, word: str) -> None:
    """With the model there or not, draining or not."""

    async def story() -> None:
        async with running_app(present=present, colour="blue") as app:
            if draining:
                app.supervisor.drain()
            answer = await app.client.get(path)
            assert (answer.status_code, answer.json()["status"]) == (status, word)
            assert path != "/health/deep" or answer.json()["color"] == "blue"

    asyncio.run(story())


def test_startup_waits_for_the_first_load() -> None:
    """503 while it loads, with how far it is."""

    async def story() -> None:
        async with running_app(FakeWorker) as app:
            answer = await app.client.get("/health/startup")
            assert answer.status_code == 503
            assert answer.json() == {"status": "starting", "models": {"m": {"state": "loading", "loaded_share": 0.0}}}

    asyncio.run(story())


def test_readiness_says_why_not() -> None:
    """The missing file is named."""

    async def story() -> None:
        async with running_app(present=False) as app:
            models = (await app.client.get("/health/ready")).json()["models"]
            assert models["m"]["reason"] == "the weights file /models/m.gguf is missing"

    asyncio.run(story())


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"messages": []}, "messages", "messages is []: list should have at least 1 item"),
        ({"model": "m"}, "messages", "messages is {'model': 'm'}: field required"),
        ({"model": "m", "messages": [{"role": "user", "content": 5}]}, "messages.0.content", "content is 5"),
        ({"model": "m", "messages": "x" * 200}, "messages", "..."),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages.0.content.0.type",
            "messages.0.content.0.type is 'image_url': input should be 'text', 'refusal'",
        ),
    ],
)
def test_a_wrong_field_is_named_in_openais_shape(body: dict[str, Any], param: str, words: str) -> None:
    """The param, a bounded piece of the value, and what is allowed."""

    async def story() -> None:
        async with running_app() as app:
            error = (await app.client.post("/v1/chat/completions", json=body)).json()["error"]
            assert error["param"] == param
            assert words in error["message"]
            assert len(error["message"]) < 250

    asyncio.run(story())


def test_a_bug_is_logged_with_its_trace_and_told_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns nothing of our insides, and still gets JSON."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("our insides")

    async def story() -> None:
        async with running_app() as app:
            monkeypatch.setattr(Services, "generation", broken)
            answer = await app.chat()
            assert answer.status_code == 500
            assert answer.json()["error"]["code"] == "internal_error"
            assert "insides" not in answer.text
            assert answer.headers["x-request-id"]
            assert 'status="500"' in app.services.metrics.text().decode()

    asyncio.run(story())
    assert "ZeroDivisionError" in caplog.text


def test_outcomes_are_counted() -> None:
    """A finish reason, an error's label, or cancelled."""

    async def story() -> None:
        async with running_app(HoldingWorker) as app:
            task = asyncio.create_task(app.chat())
            while not app.supervisor.num_requests:
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            app.launcher.workers[0].hold_back = False  # type: ignore[attr-defined]
            await app.chat()
            app.supervisor.drain()
            await app.chat()
            text = (await app.client.get("/metrics")).text
            for outcome in ("cancelled", "stop", "draining"):
                assert f'model_request_total{{model="m",outcome="{outcome}"}} 1.0' in text

    asyncio.run(story())


def test_several_prompts_and_choices_are_numbered_through() -> None:
    """Prompts one after the other, each with its choices."""

    async def story() -> None:
        async with running_app() as app:
            body = {"prompt": ["a b", "c", [7]], "n": 2}
            choices = (await app.client.post("/v1/completions", json=body)).json()["choices"]
            assert [(c["index"], c["text"]) for c in choices] == list(
                enumerate(["a b ", "a b ", "c ", "c ", "7 ", "7 "])
            )

    asyncio.run(story())


def test_embeddings_are_vectors_of_length_one() -> None:
    """As numbers or base64, shortened if asked, for any list of texts; more of them than slots."""

    async def story() -> None:
        async with running_app() as app:
            answer = (await app.client.post("/v1/embeddings", json={"input": ["a"] * 7})).json()
            assert [each["index"] for each in answer["data"]] == list(range(7))
            assert answer["data"][0]["embedding"] == pytest.approx([0.6, 0.8])
            assert answer["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
            asked = {"input": "a", "encoding_format": "base64", "dimensions": 1}
            (short,) = (await app.client.post("/v1/embeddings", json=asked)).json()["data"]
            assert struct.unpack("<f", base64.b64decode(short["embedding"])) == (1.0,)
            refused = await app.client.post("/v1/embeddings", json={"input": "a", "dimensions": 3})
            assert refused.json()["error"]["message"] == "dimensions is 3: this model has 2"
            native = (await app.client.post("/embedding", json={"content": "a", "embd_normalize": -1})).json()
            assert native == [{"index": 0, "embedding": [[3.0, 4.0]]}]

    asyncio.run(story())


@pytest.mark.parametrize("path", ["/v1/rerank", "/rerank", "/v2/rerank"])
def test_documents_are_ranked(path: str) -> None:
    """In Jina's form, and in text-embeddings-inference's."""

    async def story() -> None:
        async with running_app() as app:
            body = {"query": "red fox", "documents": ["a cat", {"text": "a red fox"}, "a fox"], "top_n": 2}
            answer = (await app.client.post(path, json=body | {"return_documents": True})).json()
            assert answer["results"] == [
                {"index": 1, "relevance_score": 2.0, "document": {"text": "a red fox"}},
                {"index": 2, "relevance_score": 1.0, "document": {"text": "a fox"}},
            ]
            assert answer["usage"]["total_tokens"] == 4 + 5 + 4
            tei = {"query": "red fox", "texts": ["a cat", "a red fox"]}
            assert (await app.client.post(path, json=tei)).json()[0] == {"index": 1, "score": 2.0}

    asyncio.run(story())


def test_a_gateway_may_say_in_headers_what_the_body_does_not() -> None:
    """How urgent it is, and how long it may wait; nonsense is refused."""

    async def story() -> None:
        async with running_app() as app:
            headers = {"x-priority": "-3", "x-queue-timeout": "1.5"}
            body = {"prompt": "a"}
            assert (await app.client.post("/v1/completions", json=body, headers=headers)).status_code == 200
            (heard,) = (m for m in app.launcher.workers[0].heard if isinstance(m, Generate))
            assert (heard.request.priority, heard.request.wait_s) == (3, 1.5)
            for headers in ({"x-priority": "high"}, {"x-queue-timeout": "-1"}, {"x-priority": "nan"}):
                answer = await app.client.post("/v1/completions", json=body, headers=headers)
                assert answer.status_code == 400
                assert "a number from" in answer.json()["error"]["message"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("kind", "status", "code", "waits"),
    [
        (FailureKind.BAD_GRAMMAR, 400, "invalid_grammar", False),
        (FailureKind.UNSUPPORTED, 400, "unsupported", False),
        (FailureKind.TOO_LONG, 400, "context_length_exceeded", False),
        (FailureKind.QUEUE_FULL, 429, "overloaded", True),
        (FailureKind.TOO_LATE, 429, "queue_timeout", True),
        (FailureKind.BROKEN, 500, "generation_failed", False),
    ],
)
def test_each_failure_has_its_status(kind: FailureKind, status: int, code: str, waits: bool) -> None:
    """And says when to come back, where that helps."""

    class Failing(EchoWorker):
        def send(self, message: Message) -> None:
            if isinstance(message, Generate):
                self.say(Events((Failed(message.id, kind, "no", 99),)))
            else:
                super().send(message)

    async def story() -> None:
        async with running_app(Failing) as app:
            answer = await app.chat()
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
            assert ("retry-after" in answer.headers) == waits
            too_long = {key: answer.json()["error"].get(key) for key in ("n_prompt_tokens", "n_ctx")}
            numbers = (99, 64) if code == "context_length_exceeded" else (None, None)
            assert tuple(too_long.values()) == numbers

    asyncio.run(story())


@pytest.mark.parametrize(
    ("level", "fields", "tells"),
    [("info", {}, False), ("info", {"verbose": True}, True), ("debug", {}, True), ("debug", {"verbose": False}, False)],
)
def test_the_prompt_is_told_when_asked_for_or_while_debugging(level: str, fields: dict[str, Any], tells: bool) -> None:
    """To its own client only; it never goes into a log."""

    async def story() -> None:
        async with running_app(log_level=level) as app:
            assert ("__verbose" in (await app.chat(**fields)).json()) == tells

    asyncio.run(story())


def test_a_wrong_method_is_told_with_the_right_ones() -> None:
    """As HTTP wants it."""

    async def story() -> None:
        async with running_app() as app:
            takes = {
                "/health": "GET, HEAD",
                "/metrics": "GET",
                "/v1/completions": "POST",
                "/lora-adapters": "GET, POST",
                "/chat/anna": "DELETE, POST",
            }
            for path, methods in takes.items():
                answer = await app.client.put(path)
                assert (answer.status_code, answer.headers["allow"]) == (405, methods)

    asyncio.run(story())


def test_openapi_describes_the_api() -> None:
    """Tools generate clients and tests from it."""

    async def story() -> None:
        async with running_app() as app:
            paths = (await app.client.get("/openapi.json")).json()["paths"]
            assert {"/v1/chat/completions", "/v1/completions", "/v1/models", "/health"} <= paths.keys()
            schema = paths["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
            assert schema["$ref"].endswith("/ChatRequest")
            assert paths["/v1/chat/completions"]["post"]["responses"].keys() == {"200", "202", "4XX", "5XX"}

    asyncio.run(story())
