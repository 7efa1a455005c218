"""Tests of serve.security.cors, around the whole application."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from tests.helpers.app import App, running_app

KEY, PAGE = "sk-a-key-of-a-client", "https://chat.example.com"
CHAT = "/v1/chat/completions"


async def preflight(app: App, origin: str) -> httpx.Response:
    """What a browser asks before it sends a key."""
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    return await app.client.options(CHAT, headers={"origin": origin} | asked)


def test_by_default_no_page_may_read_anything() -> None:
    """No header says that it may."""

    async def story() -> None:
        async with running_app() as app:
            answers = [await preflight(app, PAGE), await app.client.get("/v1/models", headers={"origin": PAGE})]
            assert not [name for each in answers for name in each.headers if name.startswith("access-control")]

    asyncio.run(story())


def test_a_page_that_is_named_may_ask_and_read_errors_too(tmp_path: Path) -> None:
    """Its preflight needs no key; a 401 can be read, and the request's id."""
    (tmp_path / "keys").write_text(KEY)

    async def story() -> None:
        async with running_app(api_keys_file=tmp_path / "keys", cors_origins=f"{PAGE}, http://localhost:3000") as app:
            allowed = await preflight(app, PAGE)
            assert allowed.status_code == 200
            assert allowed.headers["access-control-allow-origin"] == PAGE
            assert allowed.headers["access-control-allow-credentials"] == "true"
            assert "POST" in allowed.headers["access-control-allow-methods"]
            assert "authorization" in allowed.headers["access-control-allow-headers"]
            refused = await app.client.post(CHAT, json={}, headers={"origin": PAGE})
            assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, PAGE)
            assert "x-request-id" in refused.headers["access-control-expose-headers"]
            assert refused.headers["x-request-id"]

    asyncio.run(story())


def test_another_page_may_not(tmp_path: Path) -> None:
    """Its name only begins like that of one that may."""

    async def story() -> None:
        async with running_app(cors_origins=PAGE) as app:
            refused = await preflight(app, f"{PAGE}.evil.example.com")
            assert refused.status_code == 400
            assert "access-control-allow-origin" not in refused.headers

    asyncio.run(story())


def test_all_pages_may_without_credentials() -> None:
    """Else any page could ask in the name of who looks at it."""

    async def story() -> None:
        async with running_app(cors_origins="*") as app:
            allowed = await preflight(app, "https://anybody.example.com")
            assert allowed.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in allowed.headers

    asyncio.run(story())
