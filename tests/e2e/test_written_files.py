"""A model's pod under load writes nowhere but where its manifest says that it may.

20 seconds of load in the suite, as fast as it answers; SLIPWAY_LOAD_S=3600 makes it an hour (`make image-soak`), and
SLIPWAY_LOAD_PER_S=0.5 a request every other second, on a machine that has something else to do.
"""

import itertools
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e import file_system
from tests.e2e.workspace import MODEL, Workspace

LOAD_S = float(os.environ.get("SLIPWAY_LOAD_S") or 20)
PER_S = float(os.environ.get("SLIPWAY_LOAD_PER_S") or "inf")
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900 + LOAD_S)]
logger = logging.getLogger(__name__)
NUM_CLIENTS = 4
PERIOD_S = NUM_CLIENTS / PER_S
"""Of each client, from one request to the next."""
JSON = {"type": "json_object"}


def ask(client: httpx.Client, number: int) -> int:
    """One request after the other of another kind: answers, streams, one that is left, texts, and nonsense."""
    said = [{"role": "user", "content": f"Say the number {number} in words."}]
    chat = {"model": MODEL, "messages": said, "max_tokens": 16}
    kinds: list[Callable[[], int]] = [
        lambda: client.post("/v1/chat/completions", json=chat).status_code,
        lambda: _leave(client, {**chat, "stream": True, "max_tokens": 200}),
        lambda: client.post("/v1/completions", json={"model": MODEL, "prompt": "1 2 3", "max_tokens": 8}).status_code,
        lambda: client.get("/v1/models").status_code,
        lambda: client.post("/v1/chat/completions", json={**chat, "response_format": JSON}).status_code,
        lambda: client.post("/v1/chat/completions", content=b"{").status_code,
        lambda: client.post("/v1/chat/completions", json={**chat, "model": "none"}).status_code,
    ]
    return kinds[number % len(kinds)]()


def _leave(client: httpx.Client, body: dict[str, Any]) -> int:
    """Read the beginning of a stream, then go."""
    with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        for _ in itertools.islice(answer.iter_lines(), 4):
            pass
        return answer.status_code


def load(stack: Workspace, seconds: float) -> list[int]:
    """Ask with several clients for so long; the statuses."""
    until, statuses, numbers = time.monotonic() + seconds, list[int](), itertools.count()

    def work(begin_s: float) -> None:
        with httpx.Client(base_url=stack.url, headers=stack.headers, timeout=120, trust_env=False) as client:
            time.sleep(begin_s)
            while (asked_s := time.monotonic()) < until:
                statuses.append(ask(client, next(numbers)))
                time.sleep(max(0.0, asked_s + PERIOD_S - time.monotonic()))

    # One after the other: together they would be a burst and then silence.
    threads = [threading.Thread(target=work, args=(number / PER_S,)) for number in range(NUM_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def writable_mounts(pod: dict[str, Any]) -> list[str]:
    """Where the manifest lets the container write."""
    [container] = pod["spec"]["containers"]
    read_only = {v["name"] for v in pod["spec"]["volumes"] if {"configMap", "secret", "image", "projected"} & v.keys()}
    mounts = container["volumeMounts"]
    return [m["mountPath"] for m in mounts if not m.get("readOnly") and m["name"] not in read_only]


def test_nothing_is_written_under_load_but_to_declared_paths(stack: Workspace) -> None:
    """Neither to the image's files nor to the weights nor to /dev/shm; and the pod is the same one at the end."""
    watched = {}
    for pod in _staying(stack):
        [status] = pod["status"]["containerStatuses"]
        pid = file_system.process_of(status["containerID"].removeprefix("containerd://"))
        watched[pod["metadata"]["uid"]] = (pid, file_system.snapshot(pid))
    statuses = load(stack, LOAD_S)
    assert statuses.count(200) > len(statuses) / 3, statuses
    logger.info("%d requests in %g s, by status: %s", len(statuses), LOAD_S, dict(Counter(statuses)))
    # The autoscaler adds pods for the load and takes some away after an earlier one: those that stay are judged.
    judged = [pod for pod in _staying(stack) if pod["metadata"]["uid"] in watched]
    assert judged
    for pod in judged:
        assert [each["restartCount"] for each in pod["status"]["containerStatuses"]] == [0]
        pid, before = watched[pod["metadata"]["uid"]]
        after = file_system.snapshot(pid)
        assert len(before) > 500, "that is no root file system"
        assert file_system.written(before, after, writable_mounts(pod)) == []
        differ = file_system.written(before, after)
        logger.info("%s: %d files compared, other ones: %s", pod["metadata"]["name"], len(before), differ)


def _staying(stack: Workspace) -> list[dict[str, Any]]:
    """The models' pods that run and that nobody has asked to end."""
    pods = stack.get("pods", "-l", "slipway.dev/role=model")
    return [p for p in pods if p["status"]["phase"] == "Running" and "deletionTimestamp" not in p["metadata"]]


def test_what_a_pod_may_write_to_is_one_small_folder(stack: Workspace) -> None:
    """/tmp, of a size that is limited; weights and settings are mounted for reading."""
    for pod in stack.get("pods", "-l", "slipway.dev/role=model"):
        assert writable_mounts(pod) == ["/tmp"]
        [tmp] = [v for v in pod["spec"]["volumes"] if "emptyDir" in v]
        assert tmp["emptyDir"]["sizeLimit"]
        [container] = pod["spec"]["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
