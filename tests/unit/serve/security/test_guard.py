"""Tests of serve.security.guard, in front of the whole application on fake workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.messages import Generate
from serve.models import Models
from tests.helpers.app import MODELS, App, running_app
from tests.helpers.fakes import EchoWorker

KEY, ADMIN, CANARY = "sk-a-key-of-a-client", "sk-a-key-of-admins", "sk-canary-in-a-coal-mine"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
ADAPTERS = "/lora-adapters"


class HoldingWorker(EchoWorker):
    """Accepts, and then says nothing."""

    hold_back = True


def play(tmp_path: Path, story: Callable[[App], Awaitable[None]], *, kind: Any = EchoWorker, **settings: Any) -> None:
    """With these keys; `keys` and `admin` are what stands in their files."""
    for name in ("keys", "admin"):
        if name in settings:
            (tmp_path / name).write_text(settings.pop(name))
            settings["api_keys_file" if name == "keys" else "admin_keys_file"] = tmp_path / name

    async def run() -> None:
        async with running_app(kind, **settings) as app:
            await story(app)

    asyncio.run(run())


def bearer(key: str) -> dict[str, str]:
    """As OpenAI's clients send it."""
    return {"authorization": f"Bearer {key}"}


async def chat(app: App, **headers: str) -> httpx.Response:
    """One request with these headers."""
    return await app.client.post("/v1/chat/completions", json=CHAT, headers=headers)


def test_a_key_in_either_header_lets_in(tmp_path: Path) -> None:
    """Of OpenAI's clients or of Anthropic's; beside what a gateway put into the other one."""

    async def story(app: App) -> None:
        for headers in (
            {"authorization": f"Bearer {KEY}"},
            {"authorization": f"bearer  {KEY} "},
            {"x-api-key": KEY},
            {"authorization": "Basic eDp5", "x-api-key": KEY},
            {"authorization": "Bearer of-the-gateway", "x-api-key": KEY},
            {"authorization": f"Bearer {KEY}", "x-api-key": "none"},
        ):
            assert (await chat(app, **headers)).status_code == 200, headers

    play(tmp_path, story, keys=KEY)


@pytest.mark.parametrize(
    ("headers", "words", "challenge"),
    [
        ({}, "an API key is missing", 'Bearer realm="slipway"'),
        ({"authorization": "Basic eDp5"}, "an API key is missing", 'Bearer realm="slipway"'),
        ({"authorization": "Bearer "}, "an API key is missing", 'Bearer realm="slipway"'),
        ({"authorization": f"Bearer {CANARY}"}, "not known", 'Bearer realm="slipway", error="invalid_token"'),
        ({"x-api-key": CANARY}, "not known", 'Bearer realm="slipway", error="invalid_token"'),
        ({"authorization": f"Bearer {KEY}x"}, "not known", 'Bearer realm="slipway", error="invalid_token"'),
    ],
)
def test_without_a_key_that_counts_it_is_401(
    tmp_path: Path, headers: dict[str, str], words: str, challenge: str
) -> None:
    """In the shape of llama.cpp and OpenAI, which is one; the key that was given is not repeated."""

    async def story(app: App) -> None:
        answer = await chat(app, **headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
        error = answer.json()["error"]
        assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
        assert words in error["message"]
        assert CANARY not in answer.text + str(answer.headers)
        assert not any(isinstance(message, Generate) for message in app.launcher.workers[0].heard)

    play(tmp_path, story, keys=KEY)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/messages", {"type": "error", "error": {"type": "authentication_error"}}),
        ("/v1/messages/count_tokens", {"type": "error", "error": {"type": "authentication_error"}}),
        ("/api/chat", {"error": "an API key is missing: the header Authorization: Bearer has it, or x-api-key"}),
        ("/v1/responses", {"error": {"code": "invalid_api_key"}}),
    ],
)
def test_each_api_says_it_in_its_own_shape(tmp_path: Path, path: str, shape: dict[str, Any]) -> None:
    """Their clients read no other."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json={})
        assert answer.status_code == 401
        told = answer.json()
        for name, value in shape.items():
            if isinstance(value, dict):
                assert told[name].items() >= value.items()
            else:
                assert told[name] == value

    play(tmp_path, story, keys=KEY)


def test_probes_need_no_key_and_all_else_does(tmp_path: Path) -> None:
    """Also what is not there, and what only reads: models, metrics, the answer of /health/deep, which computes."""

    async def story(app: App) -> None:
        for path in ("/", "/health", "/v1/health", "/healthz", "/ready"):
            assert (await app.client.get(path)).status_code == 200, path
        for path in ("/health/live", "/health/ready", "/health/startup"):
            assert (await app.client.get(path)).status_code == 200, path
        for path in ("/v1/models", "/metrics", "/health/deep", "/openapi.json", "/nowhere", "/health/../v1/models"):
            assert (await app.client.get(path)).status_code == 401, path
            assert (await app.client.get(path, headers=bearer(KEY))).status_code != 401, path
        assert (await app.client.get("/ui")).status_code != 401
        assert (await app.client.get("/uix")).status_code == 401
        assert (await app.client.post("/health")).status_code == 401
        assert (await app.client.options("/v1/models")).status_code == 405

    play(tmp_path, story, keys=KEY)


def test_without_keys_all_is_open(tmp_path: Path) -> None:
    """Whatever key a client sends, since many must send one."""

    async def story(app: App) -> None:
        assert (await chat(app)).status_code == 200
        assert (await chat(app, **bearer(CANARY))).status_code == 200
        assert (await app.client.get("/metrics")).status_code == 200
        assert (await app.client.post(ADAPTERS, json=[])).status_code == 200

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("files", "anybody", "client", "boss"),
    [
        # what POST /lora-adapters answers to no key, to a client's, to an admin's
        ({}, 200, 200, 200),
        ({"keys": KEY}, 401, 200, 401),
        ({"admin": ADMIN}, 401, 401, 200),
        ({"keys": KEY, "admin": ADMIN}, 401, 403, 200),
        ({"admin_routes": "off"}, 403, 403, 403),
        ({"models_json": "{}"}, 403, 403, 403),
        ({"models_json": "{}", "keys": KEY}, 403, 403, 403),
        ({"models_json": "{}", "admin_routes": "on"}, 200, 200, 200),
        ({"models_json": "{}", "keys": KEY, "admin": ADMIN}, 401, 403, 200),
    ],
)
def test_who_may_change_the_server(tmp_path: Path, files: dict[str, str], anybody: int, client: int, boss: int) -> None:
    """Where there are admin keys, only they; by default nobody where all models are configured."""

    async def story(app: App) -> None:
        for headers, status in (({}, anybody), (bearer(KEY), client), (bearer(ADMIN), boss)):
            answer = await app.client.post(ADAPTERS, json=[], headers=headers)
            assert answer.status_code == status, (headers, answer.text)
            assert status != 403 or answer.json()["error"]["type"] == "permission_error"

    play(tmp_path, story, **files)


def test_an_admin_may_ask_models_too_and_with_admin_keys_alone_everybody_may(tmp_path: Path) -> None:
    """One key is enough for one person."""

    async def both(app: App) -> None:
        assert (await chat(app, **bearer(ADMIN))).status_code == 200
        assert (await chat(app)).status_code == 401

    async def admin_alone(app: App) -> None:
        assert (await chat(app)).status_code == 200

    play(tmp_path, both, keys=KEY, admin=ADMIN)
    (tmp_path / "keys").unlink()
    play(tmp_path, admin_alone, admin=ADMIN)


@pytest.mark.parametrize(
    "path",
    [
        *("/lora-adapters/", "//lora-adapters", "/./lora-adapters", "/x/../lora-adapters", "/LORA-ADAPTERS"),
        *("/%6cora-adapters", "/lora-adapters%2f", "/lora-adapters%00", "/lora-adapters;a", "/lora-adapters?a=b"),
        *("/lora%2dadapters", "/lora-adapters/x", "/lora-adapters#x", "/%2e/lora-adapters", "/lora-adapters%20"),
    ],
)
def test_no_other_spelling_of_a_path_is_a_way_around(tmp_path: Path, path: str) -> None:
    """What is asked for a key is what is routed: read once, by both."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json=[], headers=bearer(KEY), follow_redirects=True)
        assert answer.status_code in (403, 404, 405), answer.text
        answer = await app.client.post(path, json=[], follow_redirects=True)
        assert answer.status_code == 401

    play(tmp_path, story, keys=KEY, admin=ADMIN)


def test_what_ollamas_clients_say_of_a_models_stay_counts_from_administrators(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are answered all the same, unless unloading is all that they want."""

    async def story(app: App) -> None:
        told: list[float | None] = []
        monkeypatch.setattr(app.supervisor, "keep_alive", lambda _, seconds: told.append(seconds))
        await app.supervisor.wake("m")
        body = {"model": "m", "prompt": "hello", "stream": False}
        for key, answer, stay in ((KEY, 403, []), (ADMIN, 200, [-1])):
            asked = await app.client.post("/api/generate", json=body | {"keep_alive": -1}, headers=bearer(key))
            assert (asked.status_code, told) == (200, stay)
            only = await app.client.post("/api/generate", json={"model": "m", "keep_alive": 0}, headers=bearer(key))
            assert only.status_code == answer, only.text

    models = Models((replace(MODELS.models[0], load="on_demand"),))
    play(tmp_path, story, keys=KEY, admin=ADMIN, models=models)


def test_a_foreign_page_changes_no_server_that_has_no_keys(tmp_path: Path) -> None:
    """A browser sends a POST of any page to a server on its own machine; with a key it would have to be told one."""

    async def story(app: App) -> None:
        for origin, status in (("http://test", 200), ("https://evil.example.com", 403), ("null", 403)):
            answer = await app.client.post(ADAPTERS, content=b"[]", headers={"origin": origin})
            assert answer.status_code == status, origin

    play(tmp_path, story)


def test_limits_of_a_key_are_429_with_retry_after(tmp_path: Path) -> None:
    """What only reads does not count; another key is not touched."""

    async def story(app: App) -> None:
        assert [(await chat(app, **bearer(KEY))).status_code for _ in range(3)] == [200, 200, 429]
        answer = await chat(app, **bearer(KEY))
        assert answer.headers["retry-after"] == "30"
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        for _ in range(3):
            assert (await app.client.get("/v1/models", headers=bearer(KEY))).status_code == 200
        assert (await chat(app, **bearer(ADMIN))).status_code == 200

    play(tmp_path, story, keys=f"{KEY} name=few rate_per_min=2\n{ADMIN} name=many\n")


def test_a_place_is_free_again_when_its_answer_ended(tmp_path: Path) -> None:
    """However it ended: here its client left."""

    async def story(app: App) -> None:
        held = asyncio.create_task(chat(app, **bearer(KEY)))
        while not app.supervisor.num_requests:
            await asyncio.sleep(0)
        assert (await chat(app, **bearer(KEY))).status_code == 429
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)
        assert (await app.client.post("/tokenize", json={"content": "x"}, headers=bearer(KEY))).status_code == 200

    play(tmp_path, story, kind=HoldingWorker, keys=f"{KEY} concurrency=1")


def test_the_keys_priority_takes_the_place_of_its_owners_wish(tmp_path: Path) -> None:
    """Lower is sooner outside, higher is sooner in the engine."""

    def priorities(app: App) -> list[int]:
        return [m.request.priority for m in app.launcher.workers[0].heard if isinstance(m, Generate)]

    async def story(app: App) -> None:
        await chat(app, **bearer(KEY), **{"x-priority": "-1000"})
        await chat(app, **bearer(ADMIN), **{"x-priority": "3"})
        assert priorities(app) == [-7, -3]

    play(tmp_path, story, keys=f"{KEY} priority=7\n{ADMIN}\n")


def test_who_asks_whether_to_send_a_body_loses_the_connection(tmp_path: Path) -> None:
    """What comes next may be the body, or another request. All others can go on."""

    async def story(app: App) -> None:
        for num_bytes in (1, 100_000):
            dropped = await app.client.post("/v1/completions", content=b"x" * num_bytes)
            assert "connection" not in dropped.headers
        asking = await app.client.post("/v1/completions", content=b"x", headers={"expect": "100-continue"})
        assert asking.headers["connection"] == "close"

    play(tmp_path, story, keys=KEY)


def test_the_log_says_whose_request_it_was_and_never_the_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By its name."""

    async def story(app: App) -> None:
        await chat(app, **bearer(KEY))
        await chat(app, **bearer(CANARY))

    with caplog.at_level("DEBUG"):
        play(tmp_path, story, keys=f"{KEY} name=letters")
    told = [vars(record) for record in caplog.records if record.name == "serve.http.access"]
    assert [(each["status"], each.get("key", "")) for each in told] == [(200, "letters"), (401, "")]
    assert KEY not in str(told)
    assert CANARY not in str(told)
