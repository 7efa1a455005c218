"""Tests of serve.api and serve.routes, on fake workers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from serve.engine.types import Failed, FailureKind
from serve.messages import Events, Generate, Message
from serve.services import Services
from tests.helpers.app import running_app
from tests.helpers.fakes import EchoWorker, FakeWorker


class HoldingWorker(EchoWorker):
    """Accepts, and then says nothing."""

    hold_back = True


class RefusingWorker(EchoWorker):
    """Takes no prompt."""

    def send(self, message: Message) -> None:
        """Refuse what is to be generated."""
        if isinstance(message, Generate):
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
        ("/health/deep", True, True, 503, "unhealthy"),
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
        ({"model": "m", "messages": [{"role": "user", "content": 5}]}, "messages.0.content.str", "is 5"),
        ({"model": "m", "messages": "x" * 200}, "messages", "..."),
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


def test_openapi_describes_the_api() -> None:
    """Tools generate clients and tests from it."""

    async def story() -> None:
        async with running_app() as app:
            paths = (await app.client.get("/openapi.json")).json()["paths"]
            assert {"/v1/chat/completions", "/v1/completions", "/v1/models", "/health"} <= paths.keys()

    asyncio.run(story())
