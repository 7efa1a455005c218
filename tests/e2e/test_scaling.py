"""The autoscaler under real load: requests bring a second replica, silence takes it away, and nobody notices."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e.workspace import MODEL, NAMESPACE, Workspace

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

NUM_CLIENTS = 6
PATIENCE_S = 480
QUICK = {"busy_percent": 5, "quiet_s": 15}
"""A twentieth of what a pod may use is busy here: under load it gets little more than the eighth that it requests where
other tests compute beside it. A quiet one takes next to nothing.
"""
GOOD = {200, 429, 503}
"""An answer, or a polite refusal: the queue is full for a moment."""


class Clients:
    """Ask one question after the other until told to stop; count the answers by status."""

    def __init__(self, stack: Workspace) -> None:
        self.answers: Counter[int] = Counter()
        self._stack = stack
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(NUM_CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        body = {"model": MODEL, "prompt": "Once upon a time", "max_tokens": 64}
        # No connection is kept: with each pod the ingress gets new routes and closes those that are idle, also one that
        # a client is just about to use again.
        apart = httpx.Limits(max_keepalive_connections=0)
        url, headers = self._stack.url, self._stack.headers
        with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_S, limits=apart) as client:
            while not self._ended.is_set():
                status = client.post("/v1/completions", json=body).status_code
                self.answers[status] += 1
                if status != 200:
                    self._ended.wait(1)


@pytest.fixture
def quick(stack: Workspace) -> Iterator[Workspace]:
    """The stack with an autoscaler that decides in seconds; afterwards as it was."""
    before = stack.settings_file.read_text()
    for key, value in QUICK.items():
        stack.set(f"slipway:scaling.{key}", str(value))
    stack.pulumi("up", "--yes", "--skip-preview")
    try:
        yield stack
    finally:
        stack.settings_file.write_text(before)
        stack.pulumi("up", "--yes", "--skip-preview")


def test_load_brings_a_second_replica_and_silence_takes_it_away(
    quick: Workspace, request: pytest.FixtureRequest
) -> None:
    """Both replicas answer meanwhile, and no request fails while they come and go."""
    with Clients(quick) as clients:
        up_s = _seconds_until(lambda: _num_ready(quick) == 2, quick)
        time.sleep(5)  # both are in the Service
        # A slow machine may have a second replica before the first one has answered much.
        _seconds_until(lambda: clients.answers[200] > NUM_CLIENTS or not set(clients.answers) <= GOOD, quick)
    down_s = _seconds_until(lambda: _num_ready(quick) == 1, quick)
    assert set(clients.answers) <= GOOD
    assert clients.answers[200] > NUM_CLIENTS
    told = f"\n2 replicas after {up_s:.0f} s of load, 1 again after {down_s:.0f} s of silence: {dict(clients.answers)}"
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        request.config.get_terminal_writer().line(told)


def _num_ready(stack: Workspace) -> int:
    return sum(deployment["status"].get("readyReplicas", 0) for deployment in stack.get("deployments"))


def _seconds_until(is_done: Callable[[], bool], stack: Workspace) -> float:
    started = time.monotonic()
    while not is_done():
        if time.monotonic() > started + PATIENCE_S:
            said = json.loads(stack.kubectl("get", "horizontalpodautoscalers", "-n", NAMESPACE, "-o", "json"))
            raise AssertionError(f"after {PATIENCE_S} s: {[each['status'] for each in said['items']]}")
        time.sleep(1)
    return time.monotonic() - started
