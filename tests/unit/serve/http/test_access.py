"""Tests of serve.http.access."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from pathlib import Path

import pytest

from serve.log import JsonFormatter
from serve.messages import Generate
from tests.helpers.app import running_app

KEY = "a-key-that-is-long-enough"


def test_an_id_is_kept_when_it_is_sane_and_made_when_not() -> None:
    """What a client sends goes into logs and headers: only harmless characters do."""

    async def story() -> None:
        async with running_app() as app:
            for given, kept in (("id-1", True), ("a b", False), ("x" * 200, False), ("", False)):
                answer = await app.client.get("/health", headers={"x-request-id": given})
                found = answer.headers["x-request-id"]
                assert (found == given) == kept
                assert found

    asyncio.run(story())


def test_the_same_id_comes_back_with_every_answer(tmp_path: Path) -> None:
    """Also with those that no route has seen; and the worker gets it, for its own log."""
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY} name=alice\n")
    chat = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}

    async def story() -> None:
        async with running_app(api_keys_file=keys, max_body_bytes=2000) as app:
            for number, (status, method, path, key, body) in enumerate(
                (
                    (200, "POST", "/v1/chat/completions", KEY, chat),
                    (200, "POST", "/v1/chat/completions", KEY, chat | {"stream": True}),
                    (400, "POST", "/v1/chat/completions", KEY, chat | {"messages": 1}),
                    (401, "POST", "/v1/chat/completions", "wrong", chat),
                    (404, "GET", "/nowhere", KEY, None),
                    (405, "DELETE", "/health", KEY, None),
                    (413, "POST", "/v1/chat/completions", KEY, chat | {"x": "x" * 3000}),
                )
            ):
                headers = {"x-request-id": f"id-{number}", "authorization": f"Bearer {key}"}
                answer = await app.client.request(method, path, headers=headers, json=body)
                assert (answer.status_code, answer.headers.get_list("x-request-id")) == (status, [f"id-{number}"])
            asked = [m.http_id for m in app.launcher.workers[0].heard if isinstance(m, Generate)]
            assert asked == ["id-0", "id-1"]

    asyncio.run(story())


def test_the_line_of_a_request_says_whose_it_was_and_what_became_of_it(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Key by name, model, tokens, how it ended, the caller's trace, the error; no key, no text."""
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY} name=alice\n")
    trace = "0af7651916cd43dd8448eb211c80319c"

    async def story() -> None:
        async with running_app(api_keys_file=keys) as app:
            app.client.headers["authorization"] = f"Bearer {KEY}"
            await app.chat()
            app.client.headers["traceparent"] = f"00-{trace}-b7ad6b7169203331-01"
            await app.chat(model="nobody")
            app.client.headers["authorization"] = "Bearer wrong"
            await app.chat()
            text = app.services.metrics.text().decode()
            assert 'http_refused_total{key="",reason="invalid_api_key"} 1.0' in text

    handler = logging.StreamHandler(lines := io.StringIO())
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("serve.http.access")
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO, logger="serve.http.access"):
            asyncio.run(story())
    finally:
        logger.removeHandler(handler)
    first, second, third = (json.loads(line) for line in lines.getvalue().splitlines())
    assert {name: first[name] for name in ("key", "model", "outcome", "num_prompt_tokens", "num_generated_tokens")} == {
        "key": "alice", "model": "m", "outcome": "stop", "num_prompt_tokens": 3, "num_generated_tokens": 3,
    }  # fmt: skip
    assert "trace_id" not in first
    assert (second["trace_id"], second["error"], second["key"]) == (trace, "model_not_found", "alice")
    assert (third["error"], third.get("key")) == ("invalid_api_key", None)
    assert KEY not in lines.getvalue()
    assert "hello" not in lines.getvalue()


def test_one_line_per_request_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    """Method, path, status, time. No query, no body. Probes are not worth a line."""

    async def story() -> None:
        async with running_app() as app:
            await app.chat(messages=[{"role": "user", "content": "secret"}])
            await app.client.get("/nowhere?key=secret")
            await app.client.get("/health/ready")
            assert any(isinstance(m, Generate) for m in app.launcher.workers[0].heard)

    with caplog.at_level(logging.INFO, logger="serve.http.access"):
        asyncio.run(story())
    told = [vars(r) for r in caplog.records if r.name == "serve.http.access"]
    assert [(t["method"], t["path"], t["status"]) for t in told] == [
        ("POST", "/v1/chat/completions", 200),
        ("GET", "/nowhere", 404),
    ]
    assert "secret" not in str(told)


def test_methods_that_clients_make_up_are_one_in_the_metrics() -> None:
    """Anything is a method as far as HTTP goes."""

    async def story() -> None:
        async with running_app() as app:
            for method in ("BREW", "WHEN", "GETT"):
                assert (await app.client.request(method, "/health")).status_code == 405
            text = app.services.metrics.text().decode()
            assert 'http_requests_total{method="other",path="/health",status="405"} 3.0' in text
            assert "BREW" not in text

    asyncio.run(story())


def test_paths_that_clients_make_up_are_one_in_the_metrics() -> None:
    """Otherwise anyone could fill the memory of whoever collects them."""

    async def story() -> None:
        async with running_app() as app:
            for number in range(3):
                await app.client.get(f"/made/up/{number}")
            text = app.services.metrics.text().decode()
            assert 'http_requests_total{method="GET",path="unmatched",status="404"} 3.0' in text
            assert "made" not in text

    asyncio.run(story())


def test_while_the_server_leaves_each_answer_is_the_last_of_its_connection() -> None:
    """It is served all the same; the next one goes to another server."""

    async def story() -> None:
        async with running_app() as app:
            assert "connection" not in (await app.chat()).headers
            app.supervisor.leave()
            for answer in (await app.chat(), await app.chat(stream=True)):
                assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            assert (await app.client.get("/health/ready")).status_code == 503

    asyncio.run(story())
