"""Tests of serve.routes.ui: the page's files and the state that it shows, on fake workers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from serve.pulls.types import PullOrder
from serve.routes.ui import FILES, FOLDER, own_memory_bytes
from tests.helpers.app import App, running_app

KEY = "sk-a-key-of-a-client"


def play(story: Callable[[App], Awaitable[None]], **settings: Any) -> None:
    """With the application."""

    async def run() -> None:
        async with running_app(**settings) as app:
            await story(app)

    asyncio.run(run())


def test_the_table_is_the_folder() -> None:
    """A file that is not in the table is not served; one that is not in the folder would be an error."""
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == set(FILES)


def test_the_page_is_small() -> None:
    """All of it: it is loaded over slow links, and sent from pods."""
    assert sum((FOLDER / name).stat().st_size for name in FILES) < 40 * 1024


@pytest.mark.parametrize("path", ["/ui", *(f"/ui/{name}" for name in FILES)])
def test_every_file_has_its_type_and_may_load_only_from_here(path: str) -> None:
    """Scripts from this server alone, no frame around it, no text that becomes a script."""

    async def story(app: App) -> None:
        answer = await app.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == FILES[path.removeprefix("/ui").lstrip("/") or "index.html"]
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"

    play(story)


def test_what_a_browser_has_is_not_sent_again() -> None:
    """It asks by the tag each time, so that a new version is seen at once."""

    async def story(app: App) -> None:
        first = await app.client.get("/ui/app.js")
        assert first.headers["cache-control"] == "no-cache"
        for known in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
            again = await app.client.get("/ui/app.js", headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
        other = await app.client.get("/ui/app.js", headers={"if-none-match": '"other"'})
        assert other.content == first.content

    play(story)


def test_head_is_the_same_without_a_body() -> None:
    """As for every file of a web server."""

    async def story(app: App) -> None:
        head, get = await app.client.head("/ui"), await app.client.get("/ui")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(get.content))

    play(story)


def test_a_slash_too_many_leads_to_the_page() -> None:
    """By a relative address: a gateway may serve it below a path of its own."""

    async def story(app: App) -> None:
        answer = await app.client.get("/ui/")
        assert (answer.status_code, answer.headers["location"]) == (308, "../ui")

    play(story)


@pytest.mark.parametrize(
    "name",
    [
        "__init__.py",
        "..%2fapi.py",
        "%2e%2e/api.py",
        "../api.py",
        "....//api.py",
        "/etc/passwd",
        "%00",
        "APP.JS",
        "app.js/",
    ],
)
def test_no_other_file_can_be_asked_for(name: str) -> None:
    """Names are looked up in the table: none becomes a path."""

    async def story(app: App) -> None:
        answer = await app.client.get(f"/ui/{name}")
        assert answer.status_code in (307, 404)
        assert b"import " not in answer.content

    play(story)


def test_the_page_has_no_script_or_style_of_its_own_and_asks_nobody_else() -> None:
    """What the policy forbids would not work; what the page links to is its own."""
    page = (FOLDER / "index.html").read_text()
    assert not re.search(r"<script(?![^>]* src=\"ui/)|<style|\son\w+=|\sstyle=|javascript:", page)
    for name in FILES:
        addresses = re.findall(r"https?://[\w.-]+", (FOLDER / name).read_text())
        assert set(addresses) <= {"http://www.w3.org"}, name


def test_no_script_parses_html() -> None:
    """A model may write whatever it likes: it stays text."""
    words = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser")
    for name in FILES:
        assert not [word for word in words if word in (FOLDER / name).read_text()], name


def test_the_state_tells_models_load_memory_and_pulls() -> None:
    """All that the page and `python -m serve models` show."""

    async def story(app: App) -> None:
        app.services.pulls.start(PullOrder("o/r", "new.gguf"))
        told = (await app.client.get("/ui/state")).json()
        assert told["server"]["state"] == "healthy"
        assert 0 < told["server"]["memory_bytes"] < told["server"]["memory_total_bytes"]
        [model] = told["models"]
        assert (model["id"], model["aliases"], model["state"], model["num_slots"]) == ("m", ["gpt-4o"], "serving", 2)
        [pull] = told["pulls"]
        assert (pull["repo"], pull["file"], pull["state"]) == ("o/r", "new.gguf", "starting")
        await app.services.pulls.stop()

    play(story)


def test_with_keys_the_page_is_public_and_the_state_is_not(tmp_path: Path) -> None:
    """Who has no key sees the page, which asks for one, and nothing of the server."""
    (tmp_path / "keys").write_text(KEY)

    async def story(app: App) -> None:
        assert (await app.client.get("/ui")).status_code == 200
        assert (await app.client.get("/ui/app.js")).status_code == 200
        assert (await app.client.get("/ui/state")).status_code == 401
        assert (await app.client.get("/ui/state", headers={"authorization": f"Bearer {KEY}"})).status_code == 200

    play(story, api_keys_file=tmp_path / "keys")


def test_own_memory_is_read_from_the_kernel(tmp_path: Path) -> None:
    """Pages of 4 KiB; nothing where there is no such file."""
    (tmp_path / "statm").write_text("100 25 7 1 0 50 0\n")
    assert own_memory_bytes(tmp_path / "statm") == 25 * 4096
    assert own_memory_bytes(tmp_path / "none") == 0
