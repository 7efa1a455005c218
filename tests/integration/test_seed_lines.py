"""Command lines as the users of earlier servers have them in their notes, letter for letter: they work here.

Only the host is another one. They run in a real shell with the real curl, against a real server that begins with one
model, phi3-mini, and a hub that has TinyLlama; both are tiny models under those names. Their weights are random, so an
answer may be any text, also none.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import tiny_gguf
from tests.helpers.hub_server import hub_server
from tests.helpers.running_server import RunningServer

pytestmark = pytest.mark.engine

REPO, FILE = "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF", "tinyllama-1.1b-chat-v1.0.Q2_K.gguf"
TINYLLAMA = "tinyllama-1.1b-chat-v1.0.q2-k"
_HOST = re.compile(r"http://(?:<deployment-url>|deployment-url|localhost:8080|localhost:11434|models\.fineprint\.ai)")

HEALTH = "curl http://<deployment-url>/health"
TIMED_HEALTH = "time curl http://<deployment-url>/health"
LIST = "curl http://<deployment-url>/v1/models"
ON_FIRST_REQUEST = r"""curl -X POST http://deployment-url/v1/chat/completions \
  -H "Content-Type: application/json" \
  -d '{
    "model": "phi3-mini",
    "messages": [{"role": "user", "content": "Hello"}]
  }'"""
CHAT = r"""curl -X POST http://<deployment-url>/v1/chat/completions \
  -H "Content-Type: application/json" \
  -d '{
    "model": "phi3-mini",
    "messages": [
      {"role": "user", "content": "What is AI?"}
    ]
  }'"""
TIMED_CHAT = r"""time curl -X POST http://<deployment-url>/v1/chat/completions \
  -H "Content-Type: application/json" \
  -d '{
    "model": "phi3-mini",
    "messages": [{"role": "user", "content": "Say hello"}],
    "max_tokens": 10
  }'"""
DIRECT = r"""curl -X POST http://<deployment-url>/api/generate \
  -H "Content-Type: application/json" \
  -d '{
    "model": "phi3-mini",
    "prompt": "Explain cloud computing",
    "stream": false
  }'"""
IDS = "curl http://localhost:8080/v1/models | jq '.data[].id'"
PULL = r"""curl -X POST http://localhost:8080/v1/api/pull \
  -H "Content-Type: application/json" \
  -d '{
    "model": "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF",
    "filename": "tinyllama-1.1b-chat-v1.0.Q2_K.gguf"
  }'"""
SELECT = """curl http://localhost:8080/v1/models | jq '.data[] | select(.id | contains("tiny"))'"""
VERIFY = r"""curl http://localhost:8080/v1/models | \
  jq '.data[] | select(.id | contains("tiny"))'"""
GENERATE = r"""curl -X POST http://localhost:8080/v1/generate \
  -H "Content-Type: application/json" \
  -d '{
    "model": "tinyllama-1.1b-chat-v1.0.q2-k",
    "prompt": "Hello! Introduce yourself.",
    "max_tokens": 50
  }' | jq '.response'"""
OTHER_HEALTH = "curl http://models.fineprint.ai/health"
TAGS = "curl http://localhost:11434/api/tags"
DELETE = """curl -X DELETE http://localhost:11434/api/delete -d '{"name":"model-name"}'"""


@pytest.fixture(scope="module")
def server(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one model in its folder, and a hub with another."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "phi3-mini.gguf").write_bytes(tiny_model.read_bytes())
    (folder / "model-name.gguf").write_bytes(tiny_model.read_bytes())
    weights = tiny_gguf.write(tmp_path_factory.mktemp("hub") / FILE, seed=2)
    with (
        hub_server({f"{REPO}/{FILE}": weights}, has_sums=True) as hub,
        RunningServer(folder, None, hub=hub.url, discovered_context_tokens=256) as running,
    ):
        deadline = time.monotonic() + 30
        while len(running.get("/v1/models").json()["data"]) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        yield running


def shell(server: RunningServer, line: str) -> str:
    """What the line prints, on this server."""
    line = _HOST.sub(server.url, line)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(server: RunningServer, line: str) -> Any:
    """The same as JSON."""
    return json.loads(shell(server, line))


@pytest.mark.parametrize("line", [HEALTH, TIMED_HEALTH, OTHER_HEALTH])
def test_health(server: RunningServer, line: str) -> None:
    """The fields that are looked at, with the same words."""
    answer = told(server, line)
    assert (answer["status"], answer["proxy"]) == ("healthy", "running")
    assert abs(answer["timestamp"] - time.time()) < 600


@pytest.mark.parametrize("line", [ON_FIRST_REQUEST, CHAT, TIMED_CHAT])
def test_chat(server: RunningServer, line: str) -> None:
    """Whether the model is loaded already or not."""
    answer = told(server, line)
    (choice,) = answer["choices"]
    assert isinstance(choice["message"]["content"], str)
    assert choice["finish_reason"] in ("stop", "length")
    assert answer["model"] == "phi3-mini"


def test_generate_without_a_stream(server: RunningServer) -> None:
    """In Ollama's form."""
    answer = told(server, DIRECT)
    assert isinstance(answer["response"], str)
    assert answer["done"] is True


def test_a_model_that_is_pulled_is_listed_and_answers(server: RunningServer) -> None:
    """The whole way, in its order, and nothing is restarted: the same process answers, others all the while."""
    assert {"model-name", "phi3-mini"} <= set(shell(server, IDS).replace('"', "").split())
    assert {"phi3-mini"} <= {model["id"] for model in told(server, LIST)["data"]}
    assert TINYLLAMA not in shell(server, IDS)
    states = [json.loads(line) for line in shell(server, PULL).splitlines()]
    assert states[0]["status"] == "starting"
    assert states[-1]["status"] == "complete"
    assert states[-1]["size_mb"] > 0
    assert states[-1]["discovered"] is True
    for line in (SELECT, VERIFY):
        model = told(server, line)
        assert (model["id"], model["object"]) == (TINYLLAMA, "model")
        assert model["created"] > 1_700_000_000
    assert isinstance(told(server, GENERATE), str)
    assert told(server, CHAT)["model"] == "phi3-mini"


def test_ollamas_lines(server: RunningServer) -> None:
    """Models by tags; one is deleted by its older field, `name`, and without a content type of JSON."""
    assert "model-name:latest" in {model["name"] for model in told(server, TAGS)["models"]}
    shell(server, DELETE)
    assert "model-name:latest" not in {model["name"] for model in told(server, TAGS)["models"]}
    assert not (server.folder / "model-name.gguf").exists()


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/", "service"),
        ("GET", "/v1/health", "proxy"),
        ("GET", "/healthz", "status"),
        ("GET", "/ready", "memory"),
        ("GET", "/health/deep", "container_id"),
        ("POST", "/chat", "response"),
        ("POST", "/chat/anna", "response"),
    ],
)
def test_the_routes_of_the_tables(server: RunningServer, method: str, path: str, field: str) -> None:
    """Each answers, with what is looked for in it; who has one model loaded need not name it."""
    body = """-d '{"model": "phi3-mini", "message": "Hello", "max_tokens": 5}'""" if method == "POST" else ""
    answer = told(server, f"curl -f -X {method} http://localhost:8080{path} {body}")
    assert field in answer
    assert path != "/health/deep" or "color" in answer


def test_metrics_are_there(server: RunningServer) -> None:
    """As Prometheus reads them."""
    assert "model_request_duration_seconds" in shell(server, "curl -f http://localhost:8080/metrics")
