"""The relay in front of servers that are answers by the name of their host."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import httpx2

from serve.relay.app import create_app
from serve.relay.relay import Asking, Relay
from serve.relay.shelf import Shelf
from serve.settings import Settings
from tests.unit.serve.relay.looped import looped

KEY = "Bearer sk-right"


class Servers:
    """`a` has the model `alpha`, also called `first`; `b` has `beta`. Both want a key for all but their health."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self.models = {"a": "alpha", "b": "beta"}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """An answer that comes as from a socket."""
        made = self._answer(request)
        return httpx2.Response(made.status_code, headers=made.headers, stream=httpx2.ByteStream(made.content))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        host, path = request.url.host, request.url.path
        if host in self.gone:
            raise httpx2.ConnectError("nobody listens", request=request)
        model = self.models[host]
        if path == "/health/ready":
            return httpx2.Response(200, json={"status": "healthy", "models": {model: {"state": "serving"}}})
        self.asked.append((host, path))
        if request.headers.get("authorization") != KEY:
            return httpx2.Response(401, json={"error": {"message": "no key"}})
        if path == "/v1/models":
            return httpx2.Response(200, json={"object": "list", "data": [{"id": model}]})
        if path.startswith("/v1/models/"):
            names = {"a": {"alpha", "first"}, "b": {"beta"}}[host]
            return httpx2.Response(200 if path.rpartition("/")[2] in names else 404, json={"id": model})
        said = {
            "host": host,
            "body": request.content.decode(),
            "headers": dict(request.headers),
            "url": str(request.url),
        }
        return httpx2.Response(200, json=said, headers={"x-own": "yes", "date": "then", "x-request-id": "theirs"})


@asynccontextmanager
async def relayed(servers: Servers, *, looks: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a relay that has looked at its servers once."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(servers)) as inner:
        shelf = Shelf(("http://a:8000", "http://b:8000"), Asking(inner))
        if looks:
            await shelf.look()
        app = create_app(Relay(inner, shelf), shelf, Settings(), lambda: False)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://relay", headers={"Authorization": KEY}
        ) as client:
            yield client


@looped
async def test_a_request_goes_to_the_server_of_its_model() -> None:
    """Body, query, key and id with it; the answer comes back as it was, but for what is the connection's."""
    async with relayed(Servers()) as client:
        answer = await client.post(
            "/v1/chat/completions?x=1", json={"model": "beta"}, headers={"x-request-id": "id-1", "connection": "close"}
        )
    told = answer.json()
    assert (answer.status_code, told["host"], json.loads(told["body"])) == (200, "b", {"model": "beta"})
    assert told["url"].endswith("/v1/chat/completions?x=1")
    assert (told["headers"]["x-request-id"], told["headers"]["host"]) == ("id-1", "relay")
    assert answer.headers["x-own"] == "yes"
    assert answer.headers.get_list("x-request-id") == ["id-1"]


@looped
async def test_an_alias_is_asked_of_the_servers() -> None:
    """They alone know their names; a model that nobody knows is a 404 that says which ones there are."""
    async with relayed(Servers()) as client:
        assert (await client.post("/v1/completions", json={"model": "first"})).json()["host"] == "a"
        unknown = await client.post("/v1/completions", json={"model": "gamma"})
    assert unknown.status_code == 404
    assert "alpha, beta" in unknown.json()["error"]["message"]


@looped
async def test_what_is_asked_of_all_is_one_answer() -> None:
    """Each server's models; a server that is gone takes only its own with it."""
    servers = Servers()
    async with relayed(servers) as client:
        assert [each["id"] for each in (await client.get("/v1/models")).json()["data"]] == ["alpha", "beta"]
        servers.gone = {"a"}
        assert [each["id"] for each in (await client.get("/v1/models")).json()["data"]] == ["beta"]


@looped
async def test_a_wrong_key_is_refused_by_the_servers() -> None:
    """For one model, for a name that has to be asked about, and for what is asked of all."""
    async with relayed(Servers()) as client:
        client.headers["Authorization"] = "Bearer wrong"
        asked = [
            await client.post("/v1/completions", json={"model": "beta"}),
            await client.post("/v1/completions", json={"model": "first"}),
            await client.get("/v1/models"),
            await client.get("/ui/state"),
        ]
    assert [each.status_code for each in asked] == [401] * 4


@looped
async def test_the_page_and_health_need_no_server_and_no_key() -> None:
    """Ready is another matter: that is when a model is."""
    async with relayed(Servers(), looks=False) as client:
        del client.headers["Authorization"]
        paths = ("/ui", "/ui/app.js", "/health/live", "/health", "/health/ready")
        assert [(await client.get(path)).status_code for path in paths] == [200, 200, 200, 200, 503]
    async with relayed(Servers()) as client:
        ready = await client.get("/health/ready")
    assert (ready.status_code, list(ready.json()["models"])) == (200, ["alpha", "beta"])


@looped
async def test_without_any_server_a_request_can_be_tried_again() -> None:
    """503 and when; so it is where the server of the model has just gone."""
    async with relayed(Servers(), looks=False) as client:
        early = await client.post("/v1/completions", json={"model": "beta"})
    servers = Servers()
    async with relayed(servers) as client:
        servers.gone = {"b"}
        late = await client.post("/v1/completions", json={"model": "beta"})
    assert [(each.status_code, "retry-after" in each.headers) for each in (early, late)] == [(503, True)] * 2


@looped
async def test_a_request_that_names_no_model_is_refused_where_there_are_several() -> None:
    """With one server there is nothing to choose."""
    servers = Servers()
    async with relayed(servers) as client:
        assert (await client.post("/v1/completions", json={})).status_code == 400
    servers.gone = {"b"}
    async with relayed(servers) as client:
        assert (await client.post("/v1/completions", json={})).json()["host"] == "a"


@looped
async def test_nothing_is_sent_twice() -> None:
    """An answer costs minutes of somebody's computer."""
    servers = Servers()
    async with relayed(servers) as client:
        await client.post("/v1/completions", json={"model": "beta"})
    assert servers.asked == [("b", "/v1/completions")]
