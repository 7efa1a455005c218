"""What stands beside the models, on a real cluster: turned on in the settings, under trouble, and turned off again.

Nothing here reaches Cloudflare. So what is shown of the tunnel is that it does no harm: its program stands for
cloudflared without a way out (tests/fixtures/cloudflared). By hand also the real one: SLIPWAY_CLOUDFLARED=PATH.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.e2e import alarm, releases
from tests.e2e.builder import Builder
from tests.e2e.workspace import MODEL, NAMESPACE, PATIENCE_S, ROOT, Workspace
from tools.image import registry
from tools.toolchain import gobuild
from tools.toolchain.programs import VENV_BIN

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

STAND_IN = ROOT / "tests" / "fixtures" / "cloudflared"
NAMED = os.environ.get("SLIPWAY_CLOUDFLARED", "")
TOKEN = base64.b64encode(
    json.dumps({"a": "0" * 32, "t": "11111111-2222-3333-4444-555555555555", "s": "bm8gc2VjcmV0"}).encode()
).decode()
MONITOR = "deployment/slipway-health-monitor"
CHECKS = re.compile(rf'^health_monitor_check_seconds_count\{{service="{MODEL}"\}} (\S+)$', re.MULTILINE)
STATE = re.compile(r'^health_monitor_service_state\{service="([^"]+)",state="(\w+)"\} 1\.0$', re.MULTILINE)


@pytest.fixture(scope="module")
def cloudflared(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image by digest, made by its own Dockerfile of another release."""
    folder = tmp_path_factory.mktemp("cloudflared")
    program = Path(NAMED) if NAMED else folder / "program"
    if not NAMED:
        argv = [str(gobuild.find_go(VENV_BIN)), "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), "."]
        subprocess.run(argv, cwd=STAND_IN, env=gobuild.build_env(os.environ), check=True, capture_output=True)
    with releases.serving(program.read_bytes(), folder) as release:
        ref = Builder.of(os.environ).build(releases.CLOUDFLARED, "e2e/cloudflared:stand-in", **release)
    with registry.client() as http:
        found = registry.parse(ref)
        return f"{ref.rpartition(':')[0]}@{registry.manifest(http, found).digest}"


def settings_with(text: str, cloudflared: str) -> str:
    """The stack's settings with both sidecars, as docs/sidecars.md shows it."""
    settings = yaml.safe_load(text)
    watching = {"enabled": True, "interval_s": 5, "down_after": 1, "up_after": 1, "webhook_secret": "alarm"}
    settings["config"]["slipway:sidecars"] = {
        "tunnel": {"secret": "tunnels", "ref": cloudflared},
        "health_monitor": watching,
    }
    return yaml.safe_dump(settings)


@pytest.fixture(scope="module")
def beside(stack: Workspace, cloudflared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The stack with both, and somebody who is told. That nothing is left of them is a test, too."""
    folder, before, objects = tmp_path_factory.mktemp("secrets"), stack.settings_file.read_text(), names_of(stack)
    made = {"tunnels": (MODEL, TOKEN), "alarm": ("url", alarm.URL)}
    for name, (key, value) in made.items():
        (folder / name).write_text(value)
        stack.kubectl("create", "secret", "generic", name, "-n", NAMESPACE, f"--from-file={key}={folder / name}")
    try:
        stack.settings_file.write_text(settings_with(before, cloudflared))
        stack.pulumi("up", "--yes", "--skip-preview")
        [monitor] = stack.get("pods", "-l", "slipway.dev/role=health-monitor")
        alarm.start(stack, monitor["spec"]["containers"][0]["image"])
        yield stack
    finally:
        alarm.stop(stack)
        stack.settings_file.write_text(before)
        stack.pulumi("up", "--yes", "--skip-preview")
        stack.kubectl("delete", "secret", "-n", NAMESPACE, *made)
    gone = [f"pod/{pod['metadata']['name']}" for pod in stack.get("pods") if not_of_now(pod)]
    if gone:
        stack.kubectl("wait", "-n", NAMESPACE, "--for=delete", f"--timeout={PATIENCE_S}s", *gone)
    alarm.wait_until_gone(stack)
    assert names_of(stack) == objects
    assert "initContainers" not in model_pod(stack)["spec"]


def names_of(stack: Workspace) -> set[str]:
    """Kind and name of what the stack has in its namespace; not what comes and goes with a revision."""
    kinds = "deployments,services,networkpolicies,serviceaccounts,poddisruptionbudgets,configmaps,secrets"
    return set(stack.kubectl("get", kinds, "-n", NAMESPACE, "-o", "name").split())


def not_of_now(pod: dict[str, Any]) -> bool:
    """It has sidecars, or is one."""
    return "initContainers" in pod["spec"] or pod["metadata"]["labels"].get("slipway.dev/role") == "health-monitor"


def model_pod(stack: Workspace) -> dict[str, Any]:
    """The one that serves, not one that ends."""
    pods = stack.get("pods", "-l", "slipway.dev/role=model")
    [pod] = [each for each in pods if "deletionTimestamp" not in each["metadata"]]
    return pod


def eventually(is_so: Callable[[], bool], told: Callable[[], object]) -> None:
    """Wait until it is; AssertionError with what was the case instead."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, told()
        time.sleep(1)


def metrics(stack: Workspace) -> str:
    """As Prometheus reads them."""
    [pod] = stack.get("pods", "-l", "slipway.dev/role=health-monitor")
    path = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}:9095/proxy/metrics"
    return stack.kubectl("get", "--raw", path)


def num_checked(stack: Workspace) -> int:
    """How often the monitor has asked the model so far."""
    return int(float(CHECKS.findall(metrics(stack))[0]))


def states(stack: Workspace) -> dict[str, str]:
    """What the monitor says of each service."""
    return dict(STATE.findall(metrics(stack)))


def ask(stack: Workspace) -> httpx.Response:
    """One question by the Ingress."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": "What is the capital of France?"}]}
    return httpx.post(f"{stack.url}/v1/chat/completions", headers=stack.headers, json=body, timeout=PATIENCE_S)


def test_a_tunnel_without_cloudflare_takes_no_model(beside: Workspace) -> None:
    """Its program ends again and again inside of its container: the pod has started, is ready, and answers."""
    pod = model_pod(beside)
    [sidecar] = pod["spec"]["initContainers"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("tunnel", "Always")
    [seen] = pod["status"]["initContainerStatuses"]
    assert (seen["started"], seen["ready"], seen["restartCount"]) == (True, True, 0)
    assert {"type": "Ready", "status": "True"}.items() <= next(
        each for each in pod["status"]["conditions"] if each["type"] == "Ready"
    ).items()
    answer = ask(beside)
    assert "Paris" in answer.json()["choices"][0]["message"]["content"]
    said = partial(beside.kubectl, "logs", "-n", NAMESPACE, pod["metadata"]["name"], "-c", "tunnel")
    eventually(lambda: "keep: cloudflared ended with 1 after" in said(), said)


def test_a_tunnel_runs_as_nobody_with_nothing(beside: Workspace) -> None:
    """Under the namespace's `restricted`; told by the program itself, because its container has no other."""
    namespace = json.loads(beside.kubectl("get", "namespace", NAMESPACE, "-o", "json"))
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    if not NAMED:
        said = beside.kubectl("logs", "-n", NAMESPACE, model_pod(beside)["metadata"]["name"], "-c", "tunnel")
        seen = "user 65534:65534; CapEff: 0000000000000000; root: open /written: read-only file system"
        assert said.splitlines()[0] == seen


def test_its_token_is_in_no_log_no_specification_and_no_state(beside: Workspace) -> None:
    """Of the Secret, only a file in that one container."""
    pod = model_pod(beside)
    shown = {
        "log": beside.kubectl("logs", "-n", NAMESPACE, pod["metadata"]["name"], "--all-containers"),
        "objects": beside.kubectl("get", "pods,deployments,configmaps", "-n", NAMESPACE, "-o", "json"),
        "state": beside.pulumi("stack", "export", "--stack", "e2e", "--show-secrets"),
        "settings": beside.settings_file.read_text(),
        "monitor": beside.kubectl("logs", "-n", NAMESPACE, MONITOR),
    }
    secrets = (TOKEN, base64.b64encode(TOKEN.encode()).decode(), alarm.URL, "secret-path")
    assert not [(where, secret) for where, text in shown.items() for secret in secrets if secret in text]


def test_the_monitor_runs_as_nobody_with_nothing(beside: Workspace) -> None:
    """Seen from inside its container."""
    look = (
        "import os, pathlib\n"
        "print(os.getuid(), os.getgid())\n"
        "try: open('/written', 'w')\n"
        "except OSError as e: print(e.strerror)\n"
        "print([l for l in open('/proc/self/status') if l.startswith('CapEff')][0].split()[1])\n"
        "print(pathlib.Path('/var/run/secrets/kubernetes.io').exists())\n"
    )
    lines = beside.kubectl("exec", "-n", NAMESPACE, MONITOR, "--", "python3", "-c", look).splitlines()
    assert lines == ["65534 65534", "Read-only file system", "0" * 16, "False"]


def test_both_images_come_from_the_registry_by_digest(beside: Workspace) -> None:
    """The monitor's is built and pushed by the stack, as the server's is."""
    images = json.loads(beside.pulumi("stack", "output", "--stack", "e2e", "--json", "images"))
    of_registry = re.compile(re.escape(beside.endpoints.registry) + r"/[\w./-]+(:[\w.-]+)?@sha256:[0-9a-f]{64}")
    [monitor] = beside.get("pods", "-l", "slipway.dev/role=health-monitor")
    used = {monitor["spec"]["containers"][0]["image"], model_pod(beside)["spec"]["initContainers"][0]["image"]}
    assert used == {images["health-monitor"], images["cloudflared"]}
    assert all(of_registry.fullmatch(ref) for ref in used)


def test_the_monitor_sees_a_server_crash_tells_and_sees_it_come_back(beside: Workspace) -> None:
    """By the model's Service, as clients see it. The pod stays the same, and so does the tunnel beside the server."""
    eventually(lambda: states(beside) == {MODEL: "up"}, lambda: states(beside))
    before = model_pod(beside)

    def restarts() -> int:
        return int(model_pod(beside)["status"]["containerStatuses"][0]["restartCount"])

    def has_restarted(count: int) -> bool:
        return restarts() == count

    def is_ready() -> bool:
        return bool(model_pod(beside)["status"]["containerStatuses"][0]["ready"])

    def has_checked(count: int) -> bool:
        return num_checked(beside) >= count

    def is_told_twice() -> bool:
        return [each["said"]["to"] for each in alarm.heard(beside)[-2:]] == ["down", "up"]

    num_restarts = 0
    while not num_restarts or not alarm.heard(
        beside
    ):  # once, unless it was back before it was missed; the next time it takes longer
        assert num_restarts < 3
        end = ["python3", "-c", "import os; os.kill(1, 15)"]
        beside.kubectl("exec", "-n", NAMESPACE, before["metadata"]["name"], "-c", "serve", "--", *end)
        num_restarts += 1
        eventually(partial(has_restarted, num_restarts), restarts)
        # Not before it is back: a server that has just begun does not hear the signal yet. Nor before the monitor has
        # looked again since: what it missed it tells by then.
        num_checks = num_checked(beside)
        eventually(is_ready, lambda: model_pod(beside)["status"])
        eventually(partial(has_checked, num_checks + 2), partial(metrics, beside))
    eventually(is_told_twice, lambda: (states(beside), alarm.heard(beside)))
    assert {each["path"] for each in alarm.heard(beside)} == {"/secret-path"}
    eventually(lambda: states(beside) == {MODEL: "up"}, lambda: states(beside))
    changes = rf'^health_monitor_changes_total{{service="{MODEL}",to="down"}} [1-9]'
    assert re.search(changes, metrics(beside), re.MULTILINE)
    sent = r'^health_monitor_webhooks_total{result="sent"} ([2-9]|\d\d)'  # counted once the answer is there
    eventually(lambda: bool(re.search(sent, metrics(beside), re.MULTILINE)), lambda: metrics(beside))
    after = model_pod(beside)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["initContainerStatuses"][0]["restartCount"] == 0
    assert "Paris" in ask(beside).json()["choices"][0]["message"]["content"]


def test_what_is_wrong_with_a_tunnel_is_said_in_its_log_and_as_an_event(beside: Workspace) -> None:
    """Where `kubectl describe` shows it."""
    pod = model_pod(beside)["metadata"]["name"]
    assert "Could not lookup srv records" in beside.kubectl("logs", "-n", NAMESPACE, pod, "-c", "tunnel")

    def events() -> list[str]:
        found = beside.get("events", f"--field-selector=involvedObject.name={pod},reason=Unhealthy")
        about = [each for each in found if each["involvedObject"].get("fieldPath", "").endswith("{tunnel}")]
        return [each["message"] for each in about]

    eventually(lambda: any("Liveness probe failed" in message for message in events()), events)
    # On a busy machine one may have had no answer in time, too.
    assert all(message.startswith("Liveness probe ") for message in events())
