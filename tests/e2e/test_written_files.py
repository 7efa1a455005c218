"""A model under load writes nowhere but where it may: in a pod where its manifest says so, in a container to /tmp.

20 seconds of load in the suite, as fast as it answers; SLIPWAY_LOAD_S=3600 makes it an hour (`make image-soak`), and
SLIPWAY_LOAD_PER_S=0.5 a request every other second, on a machine that has something else to do.
"""

import contextlib
import itertools
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import file_system
from tests.e2e.file_system import Entry
from tests.e2e.workspace import MODEL, Workspace
from tests.helpers import tiny_gguf
from tools.cluster.layout import free_ports
from tools.image import containers
from tools.image.containers import NOBODY, Image, Running, Setup

LOAD_S = float(os.environ.get("SLIPWAY_LOAD_S") or 20)
PER_S = float(os.environ.get("SLIPWAY_LOAD_PER_S") or "inf")
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600 + LOAD_S)]
logger = logging.getLogger(__name__)
NUM_CLIENTS = 4
PATIENCE_S = 300
PERIOD_S = NUM_CLIENTS / PER_S
"""Of each client, from one request to the next."""
JSON = {"type": "json_object"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests go."""

    url: str
    model: str
    headers: Mapping[str, str]


def ask(client: httpx.Client, model: str, number: int) -> int:
    """One request after the other of another kind: answers, streams, one that is left, texts, and nonsense."""
    said = [{"role": "user", "content": f"Say the number {number} in words."}]
    chat = {"model": model, "messages": said, "max_tokens": 16}
    kinds: list[Callable[[], int]] = [
        lambda: client.post("/v1/chat/completions", json=chat).status_code,
        lambda: _leave(client, {**chat, "stream": True, "max_tokens": 200}),
        lambda: client.post("/v1/completions", json={"model": model, "prompt": "1 2 3", "max_tokens": 8}).status_code,
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


def load(place: Place, seconds: float) -> None:
    """Ask with several clients for so long; AssertionError where that was no service."""
    until, statuses, numbers = time.monotonic() + seconds, list[int](), itertools.count()

    # No connection is kept: when a pod comes or goes the ingress closes those that are idle, also one that a client is
    # just about to use again.
    apart = httpx.Limits(max_keepalive_connections=0)
    how: dict[str, Any] = {"base_url": place.url, "headers": place.headers, "timeout": PATIENCE_S, "trust_env": False}

    def work(begin_s: float) -> None:
        with httpx.Client(**how, limits=apart) as client:
            time.sleep(begin_s)
            while (asked_s := time.monotonic()) < until:
                statuses.append(ask(client, place.model, next(numbers)))
                time.sleep(max(0.0, asked_s + PERIOD_S - time.monotonic()))

    # One after the other: together they would be a burst and then silence.
    threads = [threading.Thread(target=work, args=(number / PER_S,)) for number in range(NUM_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logger.info("%d requests in %g s, by status: %s", len(statuses), seconds, dict(Counter(statuses)))
    assert statuses.count(200) > len(statuses) / 3, statuses


def writable_mounts(pod: dict[str, Any]) -> list[str]:
    """Where the manifest lets the container write."""
    [container] = pod["spec"]["containers"]
    read_only = {v["name"] for v in pod["spec"]["volumes"] if {"configMap", "secret", "image", "projected"} & v.keys()}
    mounts = container["volumeMounts"]
    return [m["mountPath"] for m in mounts if not m.get("readOnly") and m["name"] not in read_only]


def test_nothing_is_written_under_load_but_to_declared_paths(stack: Workspace) -> None:
    """Neither to the image's files nor to the weights nor to /dev/shm; and the pod is the same one at the end."""
    watched: dict[str, tuple[int, dict[str, Entry]]] = {}
    written: dict[str, list[str]] = {}
    for pod in _staying(stack):
        [status] = pod["status"]["containerStatuses"]
        with contextlib.suppress(OSError):  # it has been told to end since we asked
            pid = file_system.process_of(status["containerID"].removeprefix("containerd://"))
            watched[pod["metadata"]["uid"]] = (pid, file_system.snapshot(pid))
    load(Place(stack.url, MODEL, stack.headers), LOAD_S)
    # The autoscaler adds pods for the load and takes some away after an earlier one: those that stay are judged.
    for pod in _staying(stack):
        if (uid := pod["metadata"]["uid"]) in watched:
            with contextlib.suppress(OSError):
                written[uid] = written_since(*watched[uid], writable_mounts(pod))
    judged = [pod for pod in _staying(stack) if pod["metadata"]["uid"] in watched]
    assert judged
    for pod in judged:
        assert [each["restartCount"] for each in pod["status"]["containerStatuses"]] == [0]
        assert written.get(pod["metadata"]["uid"]) == []


def written_since(pid: int, before: dict[str, Entry], allowed: Iterable[str]) -> list[str]:
    """What is other now, outside the folders that may be written to."""
    after = file_system.snapshot(pid)
    assert len(before) > 500, "that is no root file system"
    logger.info("%d files compared, not the same ones: %s", len(before), file_system.written(before, after))
    return file_system.written(before, after, allowed)


def test_a_container_that_could_write_to_its_own_folders_does_not(image: Image, tmp_path: Path) -> None:
    """Without a kubelet, and with a root file system that nobody has made read-only, as `docker run` has it.

    Nothing of what belongs to the server's user changes: /opt/slipway, /models, /var/tmp.
    """
    models = tmp_path / "models"
    models.mkdir()
    tiny_gguf.write(models / "tiny.gguf")
    os.utime(models / "tiny.gguf", (0, 0))  # nobody writes to it any more: it is served from the first look on
    for each in (models, models / "tiny.gguf"):
        os.chown(each, NOBODY, NOBODY)
    environ = dict(zip(("SLIPWAY_PORT", "SLIPWAY_METRICS_PORT"), map(str, free_ports(2)), strict=True))
    setup = Setup(binds={"/models": models}, environ=environ, has_host_network=True, has_writable_root=True)
    with containers.started(image, setup, tmp_path) as container:
        url = f"http://127.0.0.1:{environ['SLIPWAY_PORT']}"
        _wait_until_ready(url, container)
        pid = file_system.process_of(container.name)
        before = file_system.snapshot(pid)
        load(Place(url, "tiny", {}), LOAD_S)
        assert container.process.poll() is None
        assert written_since(pid, before, ["/tmp"]) == []


def _wait_until_ready(url: str, container: Running) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and container.process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/ready", trust_env=False, timeout=30).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(container.output())


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
