"""The relay in front of two real servers, each with a model of its own and the same keys."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from tests.helpers import tiny_gguf
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

KEY = "sk-0123456789abcdef"
HEADERS = {"Authorization": f"Bearer {KEY}"}
LONG = {"prompt": "one two", "max_tokens": 3000, "temperature": 0, "stream": True, "ignore_eos": True}


class RunningRelay(RunningServer):
    """`python -m serve relay`."""

    command: ClassVar[tuple[str, ...]] = ("relay",)


def folder_of(parent: Path, name: str) -> Path:
    """With the tiny model and the keys."""
    folder = parent / name
    folder.mkdir()
    tiny_gguf.write(folder / "tiny.gguf")
    (folder / "keys").write_text(f"{KEY} name=tests\n")
    return folder


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningServer]]:
    """`one`, also called `first`, and `two`."""
    parent = tmp_path_factory.mktemp("relay")
    folders = [folder_of(parent, name) for name in ("one", "two")]
    entries = [model_entry(id="one", aliases=["first"]), model_entry(id="two")]
    made = [
        RunningServer(folder, [entry], api_keys_file=folder / "keys", state_dir=folder)
        for folder, entry in zip(folders, entries, strict=True)
    ]
    with made[0], made[1]:
        for server in made:
            server.wait_for("/health/ready", 200)
        yield made


@pytest.fixture(scope="module")
def relay(servers: list[RunningServer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRelay]:
    """One that has found both."""
    with RunningRelay(tmp_path_factory.mktemp("found"), None, servers=addresses_of(servers)) as found:
        wait_until(lambda: len(models_of(found)) == 2)
        yield found


def addresses_of(servers: list[RunningServer]) -> str:
    """As the relay is told."""
    return ",".join(server.url for server in servers)


def models_of(relay: RunningServer) -> list[str]:
    """Which it knows."""
    return list(relay.get("/health").json()["models"])


def wait_until(condition: Any, timeout_s: float = 50) -> None:
    """It takes as long as it takes."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def num_cancelled(server: RunningServer) -> int:
    """Generations that nobody wanted any more."""
    told = httpx.get(f"http://127.0.0.1:{server.metrics_port}/metrics", timeout=20).text
    found = re.search(r'^model_request_total\{[^}]*outcome="cancelled"[^}]*\} (\S+)', told, re.MULTILINE)
    return int(float(found[1])) if found else 0


def test_an_answer_is_the_servers_own(servers: list[RunningServer], relay: RunningRelay) -> None:
    """By id and by alias, at once and as a stream."""
    ask = {"prompt": "one two", "max_tokens": 12, "temperature": 0}
    for server, name in ((servers[0], "one"), (servers[0], "first"), (servers[1], "two")):
        body = ask | {"model": name}
        own, passed = (
            httpx.post(f"{each.url}/v1/completions", json=body, headers=HEADERS, timeout=20).json()
            for each in (server, relay)
        )
        assert (passed["model"], passed["choices"]) == (own["model"], own["choices"])
    with httpx.stream(
        "POST", f"{relay.url}/v1/completions", json=ask | {"model": "two", "stream": True}, headers=HEADERS, timeout=20
    ) as stream:
        lines = [line for line in stream.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert len(lines) > 2


def test_models_and_histories_of_all_are_one_answer(relay: RunningRelay) -> None:
    """A user who talked to both sees both, and is forgotten by both."""
    with httpx.Client(base_url=relay.url, headers=HEADERS, timeout=20) as client:
        assert [each["id"] for each in client.get("/v1/models").json()["data"]] == ["one", "two"]
        for name in ("two", "one"):
            client.post("/chat/anna", json={"model": name, "message": "hello", "max_tokens": 4}).raise_for_status()
        told = client.get("/chat/anna/history").json()
        assert sorted(each["model"] for each in told["messages"]) == ["one", "one", "two", "two"]
        times = [each["timestamp"] for each in told["messages"]]  # in seconds: both may have answered in the same one
        assert times == sorted(times)
        assert client.delete("/chat/anna").json()["deleted_turns"] == 2
        assert client.get("/chat/anna/history").json()["messages"] == []


def test_a_wrong_key_is_refused_and_the_page_is_not(relay: RunningRelay) -> None:
    """The relay itself knows no key."""
    body = {"model": "one", "prompt": "one"}
    assert httpx.post(f"{relay.url}/v1/completions", json=body, timeout=20).status_code == 401
    assert relay.get("/ui/state").status_code == 401
    assert relay.get("/ui").headers["content-type"].startswith("text/html")


def test_a_client_that_leaves_ends_what_is_computed_for_it(servers: list[RunningServer], relay: RunningRelay) -> None:
    """Through the relay as without it."""
    with httpx.stream(
        "POST", f"{relay.url}/v1/completions", json=LONG | {"model": "two"}, headers=HEADERS, timeout=20
    ) as stream:
        lines = stream.iter_lines()  # kept: the client leaves with it
        next(lines)
        assert num_cancelled(servers[1]) == 0
    wait_until(lambda: num_cancelled(servers[1]) == 1)


def test_a_relay_that_is_told_to_stop_lets_answers_end(servers: list[RunningServer], tmp_path: Path) -> None:
    """SIGTERM: nothing is cut off, exit status 0."""
    body = LONG | {"model": "one", "max_tokens": 100}
    with RunningRelay(tmp_path, None, servers=addresses_of(servers), grace_s=120) as leaving:
        wait_until(lambda: "one" in models_of(leaving))
        with httpx.stream("POST", f"{leaving.url}/v1/completions", json=body, headers=HEADERS, timeout=50) as stream:
            lines = stream.iter_lines()
            next(lines)
            leaving.process.send_signal(signal.SIGTERM)
            assert [line for line in lines if line][-1] == "data: [DONE]"
        assert leaving.process.wait(50) == 0


def test_a_server_that_goes_takes_only_its_model_with_it(servers: list[RunningServer], tmp_path: Path) -> None:
    """It is found when it starts, and missed when it is gone."""
    extra = folder_of(tmp_path, "extra")
    third = RunningServer(extra, [model_entry(id="three")], api_keys_file=extra / "keys")
    with third, RunningRelay(tmp_path, None, servers=addresses_of([servers[0], third])) as found:
        wait_until(lambda: models_of(found) == ["one", "three"])
        third.process.kill()
        wait_until(lambda: models_of(found) == ["one"])
        body = {"model": "three", "prompt": "one"}
        gone = httpx.post(f"{found.url}/v1/completions", json=body, headers=HEADERS, timeout=20)
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")
