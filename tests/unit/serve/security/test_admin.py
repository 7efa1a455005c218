"""Tests of serve.security.admin."""

from __future__ import annotations

import asyncio

import pytest
from starlette.applications import Starlette

from serve.routes.table import Route
from serve.security.admin import are_on, operation
from tests.helpers.app import App, running_app

WORDS = ("pull", "delete", "copy", "load", "create", "push", "blobs", "lora", "adapter", "discover", "slots")


def routes(app: App) -> list[Route]:
    """All of the application, below its layers."""
    layer = app.client._transport.app  # type: ignore[attr-defined]
    while not isinstance(layer, Starlette):
        layer = layer._app
    return [route for route in layer.routes if isinstance(route, Route)]


@pytest.mark.parametrize(
    ("method", "path", "what"),
    [
        ("POST", "/v1/api/pull", "pull a model"),
        ("POST", "/api/pull", "pull a model"),
        ("POST", "/api/pull/", "pull a model"),
        ("DELETE", "/v1/api/pulls/some-id", "cancel a pull"),
        ("DELETE", "/v1/models/name/with/slashes", "delete a model"),
        ("DELETE", "/api/delete", "delete a model"),
        ("POST", "/api/copy", "copy a model"),
        ("POST", "/models/load", "load or unload a model"),
        ("POST", "/v1/models/unload", "load or unload a model"),
        ("DELETE", "/v1/models/line\nbreak", "delete a model"),
        ("POST", "/v1/lora/load", "load or unload adapters"),
        ("POST", "/lora-adapters", "set adapters"),
        ("POST", "/slots/1", "save, restore or erase slots"),
        ("GET", "/slots", None),
        ("GET", "/lora-adapters", None),
        ("GET", "/v1/api/pull", None),
        ("GET", "/v1/models/load", None),
        ("POST", "/v1/chat/completions", None),
        ("POST", "/api/chat", None),
        ("POST", "/chat/load", None),
    ],
)
def test_operations_are_known_by_method_and_path(method: str, path: str, what: str | None) -> None:
    """Reading is none of them, and neither is a name that looks like one."""
    assert operation(method, path) == what


def test_every_route_that_sounds_like_it_is_in_the_table() -> None:
    """A new one that is forgotten there would be open to everybody who may ask a model."""

    async def story() -> None:
        async with running_app() as app:
            found = routes(app)
            assert len(found) > 20
            for route in found:
                path = route.path.replace("{name:path}", "x").replace("{", "").replace("}", "")
                for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
                    sounds_like_it = any(word in path for word in WORDS) or (method == "DELETE" and "model" in path)
                    assert (operation(method, path) is not None) == sounds_like_it, (method, route.path)

    asyncio.run(story())


def test_no_route_takes_a_path_with_a_line_break_behind_it() -> None:
    """The table would not know it, and neither would the list of what is open to all."""

    async def story() -> None:
        async with running_app() as app:
            plain = [route for route in routes(app) if "{" not in route.path]
            assert len(plain) > 20
            assert [route.path for route in plain if route.path_regex.match(f"{route.path}\n")] == []
            assert (await app.client.post("/v1/models/unload%0A", json={"model": "m"})).status_code == 404
            assert (await app.client.get("/ui/state%0A")).status_code == 404

    asyncio.run(story())


@pytest.mark.parametrize(
    ("setting", "has_admin_keys", "discovers", "expected"),
    [
        ("auto", False, False, False),
        ("auto", True, False, True),
        ("auto", False, True, True),
        ("on", False, False, True),
        ("off", True, True, False),
    ],
)
def test_they_are_on_where_somebody_is_meant_to_use_them(
    setting: str, has_admin_keys: bool, discovers: bool, expected: bool
) -> None:
    """A stack whose models are all configured has no use for them."""
    assert are_on(setting, has_admin_keys=has_admin_keys, discovers=discovers) == expected  # type: ignore[arg-type]
