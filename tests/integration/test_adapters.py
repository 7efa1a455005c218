"""LoRA adapters that come and go in a real worker, while it answers."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.helpers import tiny_archs
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine


def test_an_adapter_changes_answers_from_its_load_to_its_end(own_folder: Path) -> None:
    """Only of those who name it, also in the worker after that one; a broken one changes nothing."""
    tiny_archs.write_adapter(own_folder / "twist.gguf")
    (own_folder / "broken.gguf").write_bytes(b"GGUF nonsense")
    with RunningServer(own_folder, [model_entry()], admin_routes="on") as server:
        server.wait_for("/health/ready", 200)

        def say(**more: object) -> httpx.Response:
            body = {"prompt": "Hello", "max_tokens": 12, "temperature": 0, "raw": True, **more}
            return httpx.post(f"{server.url}/v1/generate", json=body, timeout=30)

        def order(what: str, **body: object) -> httpx.Response:
            return httpx.post(f"{server.url}/v1/lora/{what}", json={"model": "tiny", **body}, timeout=30)

        plain = say().json()["response"]
        assert order("load", name="bad", file="broken.gguf").status_code == 400
        assert order("load", name="twist", file="twist.gguf").status_code == 200
        twisted = say(lora=[{"name": "twist"}]).json()["response"]
        assert twisted != plain == say().json()["response"]

        (pid,) = server.worker_pids()
        httpx.post(f"{server.url}/v1/models/unload", json={"model": "tiny"}, timeout=30)
        httpx.post(f"{server.url}/v1/models/load", json={"model": "tiny"}, timeout=30)
        assert server.worker_pids() != [pid]
        assert say(lora=[{"name": "twist"}]).json()["response"] == twisted

        assert order("unload", name="twist").status_code == 200
        assert say(lora=[{"name": "twist"}]).status_code == 400
        assert say().json()["response"] == plain
