"""A model that was lost and restored: the server answers as it did before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.helpers import s3_stand_in, tiny_gguf
from tests.helpers.running_server import IMAGE, RunningServer, model_entry

pytestmark = pytest.mark.engine


def answer(folder: Path, models: list[dict[str, object]]) -> str:
    """What a server of this folder says to one question, without chance."""
    with RunningServer(folder, models) as server:
        server.wait_for("/health/ready", 200)
        body = {
            "model": "tiny",
            "messages": [{"role": "user", "content": "Hello there"}],
            "max_tokens": 32,
            "temperature": 0,
        }
        response = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=30)
        return str(response.json()["choices"][0]["message"]["content"])


def serve(*arguments: object) -> None:
    """One command of the image."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE)}
    subprocess.run([sys.executable, "-m", "serve", *map(str, arguments)], env=env, check=True, timeout=60)


def test_a_restored_model_gives_the_answers_that_it_gave(tmp_path: Path) -> None:
    """Weights and configuration go to a bucket, are lost, and come back to another volume."""
    lost, found, config, settings = (tmp_path / name for name in ("lost", "found", "config", "settings"))
    for folder in (lost, found, config, settings):
        folder.mkdir()
    tiny_gguf.write(lost / "tiny.gguf")
    (config / "tiny.json").write_text(json.dumps({"models": [model_entry()]}))
    before = answer(lost, [model_entry()])
    for own in ("models.json", "log.jsonl"):
        (lost / own).unlink()

    key = s3_stand_in.CREDENTIALS
    secret = tmp_path / "credentials"
    secret.write_text(f"[default]\naws_access_key_id={key.key_id}\naws_secret_access_key={key.secret}\n")
    with s3_stand_in.running() as bucket:
        at = ("--endpoint", bucket.url, "--region", s3_stand_in.REGION, "--credentials", secret)
        sets = ("--set", f"model-tiny={lost}", "--set", f"config={config}")
        serve("backup", *sets, "--keep", 1, "--to", "s3://backups/prod", *at)
        (lost / "tiny.gguf").unlink()
        serve("restore", "--set", "model-tiny", "--from", "s3://backups/prod", "--to", found, *at)
        serve("restore", "--set", "config", "--from", "s3://backups/prod", "--to", settings, *at)

    assert [path.name for path in found.iterdir()] == ["tiny.gguf"]
    models = json.loads((settings / "tiny.json").read_text())["models"]
    assert before
    assert answer(found, models) == before
