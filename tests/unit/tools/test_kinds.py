"""Putting CustomResourceDefinitions into an API server that only remembers."""

import json
from typing import Any

import httpx
import pytest

from tools.cluster import kinds
from tools.errors import ToolError
from tools.toolchain.crds import Crd


class Server:
    """Takes definitions, and serves each from the second look on."""

    def __init__(self) -> None:
        self.crds: dict[str, Any] = {}
        self.applied: list[str] = []
        self.refuses = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix(kinds.PATH).strip("/")
        if request.method == "GET":
            listed = json.loads(json.dumps(list(self.crds.values())))
            for crd in self.crds.values():
                crd["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
            return httpx.Response(200, json={"items": listed})
        if name == self.refuses:
            return httpx.Response(422, text="spec.group: Invalid value")
        assert request.url.params["fieldValidation"] == "Strict"
        self.applied.append(name)
        self.crds[name] = json.loads(request.content)
        return httpx.Response(201, json={})

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url="https://api", transport=httpx.MockTransport(self))


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; time passes by what is slept."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda s: now.__setitem__(0, now[0] + s))
    return now


def crd(name: str) -> Crd:
    return {"metadata": {"name": name, "annotations": {"a": "b"}}, "spec": {}}


def test_all_are_applied_and_waited_for() -> None:
    """The server takes a moment until it serves them."""
    server = Server()
    assert kinds.install(server.http, [crd("a"), crd("b")]) == 2
    assert sorted(server.applied) == ["a", "b"]
    assert server.crds["a"]["metadata"]["annotations"]["a"] == "b"


def test_what_is_there_is_left_alone() -> None:
    """A second `make up` sends nothing."""
    server = Server()
    kinds.install(server.http, [crd("a")])
    assert kinds.install(server.http, [crd("a"), crd("b")]) == 1
    assert server.applied == ["a", "b"]


def test_one_of_another_version_or_of_others_is_replaced() -> None:
    """By ours: the tests judge by the pinned ones."""
    server = Server()
    server.crds = {"a": crd("a"), "b": crd("b")}
    del server.crds["b"]["metadata"]["annotations"]
    assert kinds.install(server.http, [crd("a"), crd("b")]) == 2


def test_a_refusal_says_which_and_why() -> None:
    """In the server's words."""
    server = Server()
    server.refuses = "a"
    with pytest.raises(ToolError, match=r"a: the API server refuses it: spec\.group: Invalid value"):
        kinds.install(server.http, [crd("a")])


def test_one_that_is_never_served_is_an_error(clock: list[float]) -> None:
    """With its name, after a bounded time."""
    server = Server()
    server.refuses = "b"
    with pytest.raises(ToolError, match="not established after 180 s: b"):
        kinds.wait(server.http, [crd("b")])
    assert clock[0] >= kinds.PATIENCE_S
