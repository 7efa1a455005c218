"""Models that come and go, with real workers: loaded when asked for, evicted, unloaded, dropped by hand, hostile."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers import tiny_gguf
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

MIB = 1024 * 1024
NUM_HOSTILE = 12


def chat(server: RunningServer, model: str, **more: Any) -> httpx.Response:
    """One short request."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello there"}], "max_tokens": 4} | more
    return httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60)


def states(server: RunningServer) -> dict[str, str]:
    """Of all models."""
    return {model["id"]: model["state"] for model in server.get("/v1/models").json()["data"]}


def wait_until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    """Or fail."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come so far"
        time.sleep(0.02)


def resident_bytes(pids: list[int]) -> int:
    """What these processes hold in memory."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A models directory with one whole model."""
    shutil.copy(tiny_model, tmp_path / "tiny.gguf")
    return tmp_path


@pytest.fixture
def discovering(folder: Path) -> Iterator[RunningServer]:
    """A server without any configured model."""
    with RunningServer(folder, None) as server:
        wait_until(lambda: "tiny" in states(server))
        yield server


class Asking:
    """Asks a model again and again, from a few threads; remembers all answers."""

    def __init__(self, server: RunningServer, model: str, num_threads: int = 2) -> None:
        self._server, self._model = server, model
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(num_threads)]
        self.answers: list[int] = []

    def __enter__(self) -> Asking:
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.answers) > 2)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._is_over.is_set():
            self.answers.append(chat(self._server, self._model).status_code)


def test_a_model_is_loaded_by_its_first_request_and_unloaded_when_idle(folder: Path) -> None:
    """Its memory is really given back: the process is gone. Who waits together gets it together."""
    entry = model_entry(load="on_demand", idle_unload_s=1)
    with RunningServer(folder, [entry]) as server:
        assert server.wait_for("/health/ready", 200)
        assert server.worker_pids() == []
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: chat(server, "tiny").status_code, range(4)))
        assert answers == [200] * 4
        (worker,) = server.worker_pids()
        before = resident_bytes([server.process.pid, worker])
        wait_until(lambda: not server.worker_pids())
        wait_until(lambda: states(server) == {"tiny": "ready_on_disk"})
        assert not Path(f"/proc/{worker}").exists()
        assert resident_bytes([server.process.pid]) < before - 40 * MIB
        assert chat(server, "tiny").status_code == 200


def test_two_models_take_turns_where_there_is_room_for_one(folder: Path) -> None:
    """The idle one goes; one that is busy stays, and the other is told why not, in numbers."""
    tiny_gguf.write(folder / "other.gguf", seed=2)
    entries = [
        model_entry(load="on_demand", memory_bytes=60 * MIB),
        model_entry(id="other", file="other.gguf", load="on_demand", memory_bytes=60 * MIB),
    ]
    with RunningServer(folder, entries, memory_bytes=100 * MIB) as server:
        for model in ("tiny", "other", "tiny"):
            assert chat(server, model).status_code == 200
            assert len(server.worker_pids()) == 1
        body = {"model": "tiny", "prompt": "a", "max_tokens": 4000, "ignore_eos": True, "stream": True}
        with httpx.stream("POST", f"{server.url}/v1/completions", json=body, timeout=60) as stream:
            lines = stream.iter_lines()
            next(lines)
            refused = chat(server, "other")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "no_memory")
            assert "bytes of the 104857600 that all models may take, and tiny, which" in refused.text
            assert next(line for line in lines if line)  # it goes on
        wait_until(lambda: chat(server, "other").status_code == 200)


def test_nobody_notices_when_the_worker_of_another_model_is_killed(folder: Path) -> None:
    """Again and again, while both are asked."""
    tiny_gguf.write(folder / "other.gguf", seed=2)
    with RunningServer(folder, [model_entry(), model_entry(id="other", file="other.gguf")]) as server:
        wait_until(lambda: set(states(server).values()) == {"serving"})
        with Asking(server, "tiny") as tiny, Asking(server, "other") as other:
            for _ in range(2):
                (victim,) = (pid for pid in server.worker_pids() if b"other" in cmdline(pid))
                os.kill(victim, signal.SIGKILL)
                wait_until(lambda gone=victim: not Path(f"/proc/{gone}").exists())  # type: ignore[misc]
                wait_until(lambda: states(server)["other"] == "serving")
        assert set(tiny.answers) == {200}
        assert set(other.answers) <= {200, 503}
        assert other.answers[-1] == 200


def cmdline(pid: int) -> bytes:
    """Empty for one that has ended."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_a_request_that_had_not_begun_goes_on_with_the_next_worker(folder: Path) -> None:
    """The first one hangs and never reads it; its client gets an answer all the same."""
    with RunningServer(folder, [model_entry()]) as server:
        server.wait_for("/health/ready", 200)
        (worker,) = server.worker_pids()
        os.kill(worker, signal.SIGSTOP)
        assert chat(server, "tiny").status_code == 200
        assert worker not in server.worker_pids()
        assert "did not answer for 1.5 s" in server.log


def test_a_file_that_is_dropped_by_hand_is_served_and_nobody_notices(
    discovering: RunningServer, folder: Path, tiny_model: Path
) -> None:
    """Slowly copied: it is not taken before it is whole, and at most five seconds later it is there."""
    weights = tiny_model.read_bytes()
    with Asking(discovering, "tiny") as asking:
        with (folder / "By_Hand.gguf").open("wb") as file:
            for start in range(0, len(weights), len(weights) // 10 + 1):
                file.write(weights[start : start + len(weights) // 10 + 1])
                file.flush()
                assert "by-hand" not in states(discovering)
                time.sleep(0.3)
        ended = time.monotonic()
        wait_until(lambda: "by-hand" in states(discovering))
        assert time.monotonic() - ended < 5
        assert chat(discovering, "by-hand").status_code == 200
        (folder / "By_Hand.gguf").unlink()
        wait_until(lambda: "by-hand" not in states(discovering))
    assert set(asking.answers) == {200}


def test_a_split_model_is_one_model_and_there_when_all_parts_are(discovering: RunningServer, folder: Path) -> None:
    """It has the name that its parts share."""
    for index in (1, 3):
        shutil.copy(folder / "tiny.gguf", folder / f"big-0000{index}-of-00003.gguf")
    httpx.post(f"{discovering.url}/v1/models/discover", timeout=10)
    assert set(states(discovering)) == {"tiny"}
    shutil.copy(folder / "tiny.gguf", folder / "big-00002-of-00003.gguf")
    assert httpx.post(f"{discovering.url}/v1/models/discover", timeout=10).json()["success"]
    assert set(states(discovering)) == {"tiny", "big"}


def hostile(whole: bytes, number: int) -> bytes:
    """Cut, or with wrong bytes where the header, the metadata and the list of tensors are."""
    chance = random.Random(number)
    if number % 3 == 0:
        return whole[: chance.choice([1, 4, 8, 24, chance.randrange(len(whole)), len(whole) - 1])]
    data = bytearray(whole)
    for _ in range(chance.choice([1, 4, 64])):
        at = chance.randrange(4, 24 if number % 3 == 1 else 6000)
        data[at] = chance.choice([0, 0xFF, 0x7F, 0x80, chance.randrange(256)])
    return bytes(data)


def test_hostile_weights_are_read_in_a_worker_and_end_nothing_else(
    discovering: RunningServer, folder: Path, tiny_model: Path
) -> None:
    """The model is failed, with a reason, or serves as nothing was wrong that matters; the server stays as it was."""
    whole = tiny_model.read_bytes()
    names = [f"bad-{number}" for number in range(NUM_HOSTILE)]
    for number, name in enumerate(names):
        (folder / f"{name}.gguf").write_bytes(hostile(whole, number))
    httpx.post(f"{discovering.url}/v1/models/discover", timeout=10)
    before = discovering.process.pid
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = dict(zip(names, pool.map(lambda name: chat(discovering, name), names), strict=True))
    for name, answer in answers.items():
        assert answer.status_code in (200, 400, 500, 503), (name, answer.text)
        if answer.status_code == 503:
            reason = answer.json()["error"]["message"]
            assert f"{name!r} is failed: " in reason or "ended in the middle of this request" in reason
    assert sum(answer.status_code == 503 for answer in answers.values()) > NUM_HOSTILE // 2
    assert chat(discovering, "tiny").status_code == 200
    assert discovering.process.poll() is None
    assert discovering.process.pid == before
    assert resident_bytes([before]) < 150 * MIB
