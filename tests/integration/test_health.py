"""Health of a real server from its start without any model to its first one, which is loaded when it is asked."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.helpers.running_server import RunningServer

pytestmark = pytest.mark.engine


def test_a_server_without_a_model_runs_and_says_what_it_lacks(tmp_path: Path, tiny_model: Path) -> None:
    """Alive, started, not ready. With a model on its disk it is ready; a deep check does not wake that."""
    with RunningServer(tmp_path, None) as server:
        for path, status, word in (
            ("/", 200, "healthy"),
            ("/health", 200, "healthy"),
            ("/healthz", 200, "alive"),
            ("/health/startup", 200, "healthy"),
            ("/ready", 503, "unhealthy"),
            ("/health/deep", 503, "unhealthy"),
        ):
            answer = server.get(path)
            assert (answer.status_code, answer.json()["status"]) == (status, word), path
            assert httpx.head(server.url + path).status_code == status
        assert server.get("/ready").json()["reason"] == "no model"
        lacking = httpx.post(f"{server.url}/chat", json={"message": "Hello"})
        assert lacking.status_code in (400, 404)

        (tmp_path / "tiny.gguf").write_bytes(tiny_model.read_bytes())
        server.wait_for("/ready", 200)
        asleep = server.get("/health/deep")
        assert (asleep.status_code, asleep.json()["num_tokens"], asleep.json()["model"]) == (200, 0, None)
        assert server.worker_pids() == []

        answer = httpx.post(f"{server.url}/chat", json={"message": "Hello", "max_tokens": 2}, timeout=30)
        assert answer.json()["model"] == "tiny"
        awake = server.get("/health/deep").json()
        assert (awake["status"], awake["num_tokens"], awake["model"]) == ("healthy", 1, "tiny")
