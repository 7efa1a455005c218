"""Tests of serve.routes.table: where an endpoint's arguments come from, and which requests it gets."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from serve.errors import NotFoundError
from serve.routes.table import Declared, Routes, Shortcut, body_of, router_of

TABLE = Routes("tests")


class Order(BaseModel):
    """A body."""

    num: int


@TABLE.get("/told/{name}")
async def told(name: str, colour: str = "red", size: str | None = None) -> dict[str, Any]:
    """Of the path and of the query."""
    return {"name": name, "colour": colour, "size": size}


@TABLE.post("/orders")
@TABLE.post("/more-orders", in_document=False)
async def orders(body: Order, request: Request) -> Response:
    """Of the body and of the whole request."""
    return PlainTextResponse(f"{body.num} by {request.headers['x-who']}")


@TABLE.post("/orders/{name:path}/maybe")
async def maybe(name: str, body: Order | None = None) -> dict[str, Any]:
    """Of a body that may be missing."""
    return {"name": name, "num": None if body is None else body.num}


@TABLE.add("/any/{ignored}", "GET", "HEAD")
async def anything() -> str:
    """Of nothing."""
    return "anything"


@TABLE.get("/missing")
async def missing() -> None:
    """An error instead."""
    raise NotFoundError("it is not here")


@pytest.fixture(params=[False, True], ids=["router", "shortcut"])
def app(request: pytest.FixtureRequest) -> Any:
    """The table, served by the router alone, and with the shortcut before it."""

    router, routes = router_of(TABLE.declared)
    return Shortcut(router, routes) if request.param else router


def ask(app: Any, method: str, path: str, **more: Any) -> httpx.Response:
    """One request."""

    async def story() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path, **more)

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/told/a", {"name": "a", "colour": "red", "size": None}),
        ("/told/a?colour=blue&size=9&other=1", {"name": "a", "colour": "blue", "size": "9"}),
        ("/told/a?size=&name=b", {"name": "a", "colour": "red", "size": ""}),
    ],
)
def test_texts_are_of_the_path_or_of_the_query(app: Any, path: str, expected: dict[str, Any]) -> None:
    """What is not asked for is its default; what is not known is passed over; a path can't be overruled."""
    assert ask(app, "GET", path).json() == expected


@pytest.mark.parametrize("path", ["/orders", "/more-orders"])
def test_a_body_is_read_to_its_type(app: Any, path: str) -> None:
    """Beside the request itself, under each of the names of a route."""
    found = ask(app, "POST", path, json={"num": 3}, headers={"x-who": "anna"})
    assert (found.status_code, found.text) == (200, "3 by anna")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"num": "many"}', "num is 'many': input should be a valid integer"),
        (b"", "the body is not valid JSON"),
        (b'{"num": 3', "the body is not valid JSON"),
        (b"[]", "the body is []: "),
    ],
)
def test_a_wrong_body_is_refused_in_words(app: Any, content: bytes, said: str) -> None:
    """With its status, before the endpoint sees any of it."""
    found = ask(app, "POST", "/orders", content=content)
    assert found.status_code == 400
    assert found.json()["error"]["message"].startswith(said)


def test_a_body_that_may_be_missing_may_be_missing(app: Any) -> None:
    """But not be wrong."""
    assert ask(app, "POST", "/orders/a/b/maybe").json() == {"name": "a/b", "num": None}
    assert ask(app, "POST", "/orders/a/b/maybe", content=b" null").json() == {"name": "a/b", "num": None}
    assert ask(app, "POST", "/orders/a/maybe", json={"num": 1}).json() == {"name": "a", "num": 1}
    assert ask(app, "POST", "/orders/a/maybe", json={"num": "x"}).status_code == 400


def test_a_route_takes_exactly_its_methods(app: Any) -> None:
    """HEAD is not taken with GET: what would it be worth where nobody thought of it?"""
    assert ask(app, "GET", "/any/x").text == '"anything"'
    assert ask(app, "HEAD", "/any/x").status_code == 200
    assert ask(app, "HEAD", "/told/a").status_code == 405
    assert ask(app, "GET", "/orders").status_code == 405


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/missing%0A"), ("POST", "/orders%0A"), ("POST", "/orders/a/maybe%0A")]
)
def test_a_line_break_behind_a_path_is_another_path(app: Any, method: str, path: str) -> None:
    """Whoever guards the path by its name would not know it."""
    assert ask(app, method, path, json={"num": 1}).status_code == 404


def test_an_error_is_an_answer(app: Any) -> None:
    """From wherever it was raised."""
    assert ask(app, "GET", "/missing").status_code == 404


@pytest.mark.parametrize("path", ["/told/a", "/missing"])
def test_a_request_is_counted_by_its_route(app: Any, path: str) -> None:
    """Not by its path, of which there may be any number."""
    seen: list[str] = []

    async def outside(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)
        seen.append(scope["route"].path)

    ask(outside, "GET", path)
    assert seen == [path.replace("/a", "/{name}")]


def test_the_document_is_told_what_is_asked_for() -> None:
    """Types of bodies, and which names are for programs of others."""
    by_path: dict[str, Declared] = {each.path: each for each in TABLE.declared}
    assert body_of(orders) == (Order, False)
    assert body_of(maybe) == (Order, True)
    assert body_of(told) == (None, False)
    assert [by_path[path].in_document for path in ("/orders", "/more-orders")] == [True, False]
