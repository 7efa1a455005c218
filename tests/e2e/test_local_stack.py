"""From settings to an answer: the stack on a real cluster, asked as its users ask."""

import json
import time
from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.e2e.workspace import MODEL, NAMESPACE, PATIENCE_S, Workspace

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]

QUESTION = "What is the capital of France?"


@pytest.fixture
def client(stack: Workspace) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{stack.url}/v1", api_key="none", default_headers=stack.headers, max_retries=0, timeout=PATIENCE_S
    ) as client:
        yield client


def test_the_official_client_gets_paris_through_the_ingress(client: openai.OpenAI) -> None:
    """The address that `make up` prints serves OpenAI's API."""
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": QUESTION}])
    assert "Paris" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


def test_a_stream_gives_the_same_answer_piece_by_piece(client: openai.OpenAI) -> None:
    """Streaming and not streaming are one generator."""
    chunks = list(
        client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": QUESTION}], stream=True, temperature=0
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    whole = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": QUESTION}], temperature=0)
    assert "Paris" in text
    assert text == whole.choices[0].message.content


def test_plain_completions_and_the_model_list_are_served(client: openai.OpenAI) -> None:
    """The two other routes of the first version."""
    assert [m.id for m in client.models.list()] == [MODEL]
    prompt = f"Question: What is the capital of Germany?\nAnswer: Berlin\nQuestion: {QUESTION}\nAnswer:"
    done = client.completions.create(model=MODEL, prompt=prompt, max_tokens=3, temperature=0)
    assert "Paris" in done.choices[0].text


def test_an_unknown_model_is_a_404_in_the_shape_of_the_api(client: openai.OpenAI) -> None:
    """The client raises its own NotFoundError."""
    with pytest.raises(openai.NotFoundError, match="no-such-model"):
        client.chat.completions.create(model="no-such-model", messages=[{"role": "user", "content": "x"}])


def test_the_service_answers_inside_the_cluster_under_its_dns_name(stack: Workspace) -> None:
    """Cluster DNS, Service and kube-proxy, asked from a pod. (The local cluster enforces no network policy.)"""
    ask = (
        "import urllib.request as r; "
        f"print(r.urlopen('http://{MODEL}.{NAMESPACE}.svc/v1/models', timeout=120).read().decode())"
    )
    said = stack.kubectl("exec", "-n", NAMESPACE, f"deployment/{MODEL}", "--", "python3", "-c", ask)
    assert json.loads(said)["data"][0]["id"] == MODEL


def test_pods_run_as_nobody_by_digest_without_a_writable_root_or_a_token(stack: Workspace) -> None:
    """What the specification says, seen from inside the container."""
    [pod, *_] = stack.get("pods", "-l", "slipway.dev/role=model")
    assert "@sha256:" in pod["spec"]["containers"][0]["image"]
    look = (
        "import os, pathlib\n"
        "print(os.getuid(), os.getgid())\n"
        "print(os.access('/', os.W_OK), os.access('/opt/slipway', os.W_OK))\n"
        "print(pathlib.Path('/var/run/secrets/kubernetes.io').exists())\n"
        "try: open('/opt/slipway/x', 'w')\n"
        "except OSError as e: print(e.strerror)\n"
        "print([l for l in open('/proc/self/status') if l.startswith('CapEff')][0].split()[1])\n"
    )
    lines = stack.kubectl("exec", "-n", NAMESPACE, pod["metadata"]["name"], "--", "python3", "-c", look).splitlines()
    assert lines[0] == "65534 65534"
    assert lines[1].startswith("False")
    assert lines[2] == "False"
    assert lines[3] == "Read-only file system"
    assert int(lines[4], 16) == 0


def test_the_autoscaler_has_numbers(stack: Workspace) -> None:
    """An HPA without metrics never scales: metrics-server, kubelet and requests must all be right."""
    deadline = time.monotonic() + PATIENCE_S
    current: list[dict[str, object]] = []
    while not current and time.monotonic() < deadline:
        time.sleep(3)
        [scaler] = stack.get("horizontalpodautoscalers")
        current = [m for m in scaler["status"].get("currentMetrics") or [] if m.get("type")]
    assert current


def test_a_second_up_changes_nothing(stack: Workspace) -> None:
    """Neither in the preview nor in the update."""
    assert stack.preview_steps() == {}
    stack.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_changed_setting_shows_just_its_diff(stack: Workspace) -> None:
    """One more replica at most: the autoscaler and the quota that is derived from it, nothing else."""
    before = stack.settings_file.read_text()
    try:
        stack.set(f"slipway:models.{MODEL}.max_replicas", "3")
        steps = stack.preview_steps()
    finally:
        stack.settings_file.write_text(before)
    kinds = {name: step["newState"]["type"].rsplit(":", 1)[-1] for name, step in steps.items()}
    assert set(kinds.values()) == {"HorizontalPodAutoscaler", "ResourceQuota"}, kinds
    assert {step["op"] for step in steps.values()} == {"update"}
    [scaler] = [s for n, s in steps.items() if kinds[n] == "HorizontalPodAutoscaler"]
    assert list(scaler["detailedDiff"]) == ["spec.maxReplicas"]


def test_a_wrong_setting_is_refused_before_anything_changes(stack: Workspace) -> None:
    """The message has the key, the value and what is allowed; there is no traceback."""
    before = stack.settings_file.read_text()
    try:
        stack.set(f"slipway:models.{MODEL}.min_replicas", "-1")
        done = stack.try_pulumi("up", "--yes", "--skip-preview")
    finally:
        stack.settings_file.write_text(before)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"slipway:models.{MODEL}.min_replicas" in said
    assert "-1" in said
    assert "Traceback" not in said
    assert stack.preview_steps() == {}


def test_health_is_public_and_metrics_are_not(stack: Workspace) -> None:
    """Load balancers ask for the first from outside; the second has its own port, for Prometheus."""
    for path in ("/", "/health", "/health/live", "/health/ready", "/health/startup", "/healthz", "/ready"):
        assert httpx.get(stack.url + path, headers=stack.headers, timeout=PATIENCE_S).status_code == 200, path
    assert httpx.get(stack.url + "/metrics", headers=stack.headers, timeout=PATIENCE_S).status_code == 404
    [pod, *_] = stack.get("pods", "-l", "slipway.dev/role=model")
    proxy = f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}:9090/proxy/metrics"
    assert "# TYPE" in stack.kubectl("get", "--raw", proxy)
