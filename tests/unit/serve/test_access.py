"""Tests of serve.access."""

from __future__ import annotations

import asyncio
import logging

import pytest

from serve.messages import Generate
from tests.helpers.app import running_app


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


def test_one_line_per_request_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    """Method, path, status, time. No query, no body. Probes are not worth a line."""

    async def story() -> None:
        async with running_app() as app:
            await app.chat(messages=[{"role": "user", "content": "secret"}])
            await app.client.get("/nowhere?key=secret")
            await app.client.get("/health/ready")
            assert any(isinstance(m, Generate) for m in app.launcher.workers[0].heard)

    with caplog.at_level(logging.INFO, logger="serve.access"):
        asyncio.run(story())
    told = [vars(r) for r in caplog.records if r.name == "serve.access"]
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
