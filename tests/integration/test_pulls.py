"""Pulls in a real server from a hub on this machine: a model comes while others serve, also over kills."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gguf import GGUFWriter

from serve.alone import alone
from tests.helpers import tiny_gguf
from tests.helpers.hub_server import HubState, hub_server
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

REPO, FILE = "org/tiny-GGUF", "New_Model.Q8_0.gguf"
ID = "new-model.q8-0"
SPLIT = tuple(f"big-0000{number}-of-00002.gguf" for number in (1, 2))
ORDER = {"model": REPO, "filename": FILE}


class SplitWriter(GGUFWriter):
    """Writes a model as llama.cpp's own tool splits large ones."""

    def __init__(self, path: Path, architecture: str) -> None:
        super().__init__(path, architecture, split_max_tensors=12)


@pytest.fixture
def hub(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubState]:
    """It has the tiny model under a new name, and one like it in two parts."""
    folder = tmp_path_factory.mktemp("hub")
    shutil.copy(tiny_model, folder / FILE)
    tiny_gguf.write(folder / "big.gguf", seed=2, writer_type=SplitWriter)
    with hub_server({f"{REPO}/{name}": folder / name for name in (FILE, *SPLIT)}, has_sums=True) as state:
        yield state


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A models directory with one model in it, as a file of its own."""
    shutil.copy(tiny_model, tmp_path / "tiny.gguf")
    return tmp_path


def serving(folder: Path, hub: HubState, models: list[dict[str, Any]] | None = None, **more: str) -> RunningServer:
    """A server over a folder."""
    return RunningServer(folder, models, hub=hub.url, environ={"NO_PROXY": "*", **more})


def pull(server: RunningServer, **more: object) -> list[dict[str, Any]]:
    """To its end."""
    with httpx.stream("POST", f"{server.url}/v1/api/pull", json=ORDER | more, timeout=30) as answer:
        assert answer.status_code == 200, answer.read()
        return [json.loads(line) for line in answer.iter_lines()]


def cut_off(server: RunningServer) -> None:
    """A pull whose server goes away."""
    with pytest.raises(httpx.TransportError):
        pull(server)


def chat(server: RunningServer, model: str) -> httpx.Response:
    """A short answer."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4, "temperature": 0}
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=30)


def ids(server: RunningServer) -> list[str]:
    """The models that are listed."""
    return [model["id"] for model in server.get("/v1/models").json()["data"]]


class Neighbour:
    """Asks another model all the time, and counts how that goes."""

    def __init__(self, server: RunningServer, model: str) -> None:
        self.statuses: list[int] = []
        self._server, self._model = server, model
        self._is_enough = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Neighbour:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_enough.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_enough.is_set():
            self.statuses.append(chat(self._server, self._model).status_code)


def test_a_pulled_model_serves_without_a_restart_and_nobody_else_notices(folder: Path, hub: HubState) -> None:
    """Seed 001's way, without its 20 seconds of downtime: no request to the other model fails meanwhile."""
    hub.cut_after, hub.bytes_per_s = [100_000, 50_000], 1_000_000
    with serving(folder, hub) as server:
        until(lambda: ids(server) == ["tiny"])
        assert chat(server, "tiny").status_code == 200
        with Neighbour(server, "tiny") as neighbour:
            told = pull(server)
            assert chat(server, ID).status_code == 200
        assert [line["status"] for line in told if line["status"] != "downloading"] == [
            *("starting", "verifying", "discovered", "complete"),
        ]
        size_mb = round((folder / FILE).stat().st_size / 2**20, 2)
        assert {key: told[-1][key] for key in ("size_mb", "discovered", "models")} == {
            "size_mb": size_mb,
            "discovered": True,
            "models": [ID],
        }
        assert sorted(ids(server)) == sorted([ID, "tiny"])
        assert (set(neighbour.statuses), len(neighbour.statuses) > 1) == ({200}, True)
        assert pull(server)[-1]["status"] == "complete"  # again: it is there


def test_a_server_that_is_killed_goes_on_from_where_it_was(folder: Path, hub: HubState) -> None:
    """Its child ends with it; the next server asks for the rest."""
    hub.may_go_on = threading.Event()
    part = folder / f".{FILE}.part"
    with serving(folder, hub) as server:
        asking = threading.Thread(target=cut_off, args=(server,))
        asking.start()
        until(lambda: part.exists() and part.stat().st_size > 0)
        server.process.kill()
        server.process.wait()
        asking.join()
    with alone(folder / FILE):  # as soon as the child has noticed
        pass
    left = part.stat().st_size
    assert ID not in [path.name for path in folder.iterdir()]
    hub.may_go_on.set()
    hub.asked.clear()
    with serving(folder, hub) as server:
        assert pull(server)[-1]["status"] == "complete"
        assert chat(server, ID).status_code == 200
    (ranged,) = {asked[2] for asked in hub.asked if "X-Signature" in asked[1]}
    assert ranged.startswith(f"bytes={left}-")


def test_the_parts_of_a_split_model_become_one_model(folder: Path, hub: HubState) -> None:
    """By the name of one of them, or a pattern."""
    with serving(folder, hub) as server:
        first, second = pull(server, filename=SPLIT[1]), pull(server, filename="*BIG*")
        assert first[-1]["models"] == second[-1]["models"] == ["big"]
        assert ids(server).count("big") == 1
        assert all((folder / name).is_file() for name in SPLIT)
        assert chat(server, "big").status_code == 200


def test_the_first_request_pulls_a_model_that_is_known_and_absent(folder: Path, hub: HubState) -> None:
    """The answer waits; a file that is not what was wanted is told and leaves nothing."""
    source = {"repo": REPO, "file": FILE}
    wanted = model_entry(id="new", file=FILE, source=source, load="on_demand")
    wrong = model_entry(id="wrong", file=SPLIT[0], source=source | {"file": SPLIT[0], "sha256": "0" * 64})
    with serving(folder, hub, [model_entry(), wanted, wrong | {"load": "on_demand"}]) as server:
        assert chat(server, "new").status_code == 200
        assert chat(server, "wrong").status_code >= 400
    assert sorted(path.name for path in folder.glob("*.gguf")) == sorted([FILE, "tiny.gguf"])


def test_a_pull_can_be_cancelled_and_leaves_nothing(folder: Path, hub: HubState) -> None:
    """Those who follow it are told."""
    hub.may_go_on = threading.Event()
    with serving(folder, hub) as server:
        told: list[dict[str, Any]] = []
        following = threading.Thread(target=lambda: told.extend(pull(server)))
        following.start()
        part = folder / f".{FILE}.part"
        until(lambda: part.exists() and part.stat().st_size > 0)
        (running,) = server.get("/v1/api/pulls").json()["pulls"]
        answer = httpx.delete(f"{server.url}/v1/api/pulls/{running['id']}", timeout=10)
        hub.may_go_on.set()
        following.join()
        assert (answer.json()["status"], told[-1]["status"]) == ("cancelled", "cancelled")
        assert [path.name for path in folder.glob(".*part*")] == []
        until(lambda: ids(server) == ["tiny"])


def test_a_hub_that_refuses_is_an_answer_of_its_own(folder: Path, hub: HubState) -> None:
    """With its status, in OpenAI's shape."""
    with serving(folder, hub, SLIPWAY_PULL_ALLOW="org/*") as server:
        url = f"{server.url}/v1/api/pull"
        hub.troubles, hub.error_code = [401], "GatedRepo"
        gated = httpx.post(url, json=ORDER, timeout=30)
        absent = httpx.post(url, json=ORDER | {"filename": "absent.gguf"}, timeout=30)
        other = httpx.post(url, json=ORDER | {"model": "other/m"}, timeout=30)
        assert [each.status_code for each in (gated, absent, other)] == [403, 404, 403]
        assert "it is gated" in gated.json()["error"]["message"]
        assert "org/* may" in other.json()["error"]["message"]


def until(is_so: Any, timeout_s: float = 20) -> None:
    """Wait for it."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
