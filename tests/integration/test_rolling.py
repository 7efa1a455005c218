"""Two servers behind a plain TCP balancer, asked without a pause while one after the other is replaced."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.helpers.balancer import Balancer
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine

LAME_DUCK_S = 1.0
"""Many times what the balancer takes to notice, so that a slow machine is no reason for a failure."""
ANSWER = {"model": "tiny", "prompt": "one two", "max_tokens": 12, "temperature": 0}


@dataclass(slots=True)
class Load:
    """Asks in threads until it is told to stop, and remembers what went wrong. Nobody tries anything twice."""

    url: str
    expected: str
    num_answers: int = 0
    num_last: int = 0  # answers that were said to be the last of their connection
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        """Kept connections and new ones, whole answers and streams, some of which outlast the lame duck."""
        for keeps, stream, num_tokens in ((True, False, 12), (True, True, 12), (False, False, 12), (True, True, 200)):
            thread = threading.Thread(target=self._ask_on, args=(keeps, stream, num_tokens))
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """When all answers are there."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self, keeps: bool, stream: bool, num_tokens: int) -> None:
        limits = httpx.Limits(max_keepalive_connections=1 if keeps else 0)
        with httpx.Client(base_url=self.url, limits=limits, timeout=60, verify=False) as client:
            while not self._stop.is_set():
                failure, is_last = self._ask(client, stream, num_tokens)
                with self._lock:
                    self.num_answers += 1
                    self.num_last += is_last
                    if failure:
                        self.failures.append(failure)

    def _ask(self, client: httpx.Client, stream: bool, num_tokens: int) -> tuple[str, bool]:
        body = ANSWER | {"stream": stream, "max_tokens": num_tokens, "ignore_eos": True}
        try:
            answer = client.post("/v1/completions", json=body)
        except httpx.HTTPError as error:
            return repr(error), False
        is_last = answer.headers.get("connection") == "close"
        if answer.status_code != 200:
            return f"{answer.status_code}: {answer.text}", is_last
        if stream:
            return ("" if answer.text.endswith("data: [DONE]\n\n") else f"cut off: {answer.text[-200:]}"), is_last
        text = answer.json()["choices"][0]["text"]
        return ("" if text == self.expected else f"another answer: {text}"), is_last


@pytest.fixture
def servers(tiny_model: Path, tmp_path: Path) -> Iterator[list[RunningServer]]:
    """Two that serve the same."""
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tiny.gguf").symlink_to(tiny_model)
        made.append(RunningServer(tmp_path / name, [model_entry()], lame_duck_s=LAME_DUCK_S, num_threads=1))
    with made[0], made[1]:
        for server in made:
            server.wait_for("/ready", 200)
        yield made


@pytest.mark.parametrize("signals", [(signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM)])
def test_a_person_and_a_second_signal_wait_for_nobody(own_folder: Path, signals: tuple[signal.Signals, ...]) -> None:
    """The lame duck is for balancers."""
    with RunningServer(own_folder, [model_entry()], lame_duck_s=60, grace_s=120) as server:
        for number in signals:
            server.process.send_signal(number)
            time.sleep(0.2)  # two of the same kind at once are one
        assert server.process.wait(20) == 0


def replace(server: RunningServer) -> None:
    """End it as a cluster does, and start it again in its place."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0, server.log
    server.__enter__()
    server.wait_for("/ready", 200)


def wait_for(balancer: Balancer, num_up: int) -> None:
    """Until it has seen so many."""
    deadline = time.monotonic() + 60
    while len(balancer.up) != num_up:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_rolling_restart_loses_nothing(servers: list[RunningServer]) -> None:
    """Not one request fails, no stream is cut off; a connection that was idle meanwhile is no trap for its client."""
    with Balancer([server.port for server in servers]) as balancer:
        wait_for(balancer, 2)
        url = f"http://127.0.0.1:{balancer.port}"
        with httpx.Client(base_url=url, timeout=60, verify=False) as idle:
            expected = idle.post("/v1/completions", json=ANSWER | {"ignore_eos": True}).json()["choices"][0]["text"]
            with Load(url, expected) as load:
                for server in servers:
                    replace(server)
                    wait_for(balancer, 2)
            assert load.failures == []
            assert load.num_answers > 20
            assert load.num_last > 0
            assert idle.post("/v1/completions", json=ANSWER).status_code == 200
