"""Tests of serve.access."""

from __future__ import annotations

import asyncio
import logging

import pytest

from serve.messages import Generate
from tests.helpers.app import App, running_app

SMALL = 2000


async def post(app: App, content: object) -> tuple[int, str]:
    """A raw chat request."""
    answer = await app.client.post("/v1/chat/completions", content=content)  # type: ignore[arg-type]
    return answer.status_code, answer.json()["error"]["code"]


async def in_pieces(num: int):  # type: ignore[no-untyped-def]
    """A body whose size is not announced."""
    for _ in range(num):
        yield b"x" * 1000


def test_a_body_that_is_too_large_is_413_announced_or_not() -> None:
    """By its header, or while it comes; a smaller one gets through to the parser."""

    async def story() -> None:
        async with running_app(max_body_bytes=SMALL) as app:
            assert await post(app, b"x" * (SMALL + 1)) == (413, "body_too_large")
            assert await post(app, in_pieces(3)) == (413, "body_too_large")
            assert await post(app, in_pieces(2)) == (400, "invalid_request")

    asyncio.run(story())


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
