"""The whole server as a process that asks for keys: what it says, what it listens on, what it leaves in sight."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.helpers.listening import listening
from tests.helpers.llama import llama_path
from tests.helpers.raw_http import exchange, split
from tests.helpers.running_server import IMAGE, RunningServer, model_entry

pytestmark = pytest.mark.engine

CANARY, ADMIN, WRONG = "sk-canary-of-a-client-4711", "sk-canary-of-an-admin-0815", "sk-canary-of-a-stranger-99"
PROMPT = {"model": "tiny", "prompt": "one two", "max_tokens": 4, "temperature": 0}


@pytest.fixture(scope="module")
def guarded(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with keys of both kinds, mounted as Kubernetes does."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "tiny.gguf").symlink_to(tiny_model)
    write_keys(folder, "1", CANARY)
    (folder / "api-keys").symlink_to("..data/keys")
    (folder / "admin-keys").write_text(f"{ADMIN} name=boss\n")
    keys, admin_keys = folder / "api-keys", folder / "admin-keys"
    with RunningServer(
        folder, [model_entry()], api_keys_file=keys, admin_keys_file=admin_keys, log_level="debug"
    ) as server:
        server.wait_for("/health/ready", 200)
        yield server


def write_keys(folder: Path, version: str, key: str) -> None:
    """A new version of the Secret, by one swap of a link."""
    (folder / f"..{version}").mkdir()
    (folder / f"..{version}" / "keys").write_text(f"{key} name=letters\n")
    (folder / "next").symlink_to(f"..{version}")
    (folder / "next").replace(folder / "..data")


def ask(server: RunningServer, key: str | None, path: str = "/v1/completions") -> httpx.Response:
    """One request with a key."""
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return httpx.post(server.url + path, json=PROMPT, headers=headers, timeout=30)


def test_official_clients_are_let_in_by_their_key_and_know_the_refusal(guarded: RunningServer) -> None:
    """Theirs is an error of its own."""
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key=CANARY, max_retries=0) as client:
        assert client.completions.create(model="tiny", prompt="one", max_tokens=2).choices
    stranger = openai.OpenAI(base_url=f"{guarded.url}/v1", api_key=WRONG, max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError, match="not known here"):
        stranger.models.list()


def test_probes_and_the_port_of_metrics_need_no_key(guarded: RunningServer) -> None:
    """Kubernetes has none, and Prometheus comes by a port that is open to it alone."""
    for path in ("/health/startup", "/health/live", "/health/ready", "/ready", "/health"):
        assert guarded.get(path).status_code == 200
    assert httpx.get(f"http://127.0.0.1:{guarded.metrics_port}/metrics").status_code == 200
    assert guarded.get("/metrics").status_code == 401


def test_no_key_is_in_sight_anywhere(guarded: RunningServer) -> None:
    """Right or wrong: in no answer, no log at its most talkative, no command line and no environment of any process."""
    for key in (CANARY, ADMIN, WRONG):
        said = ask(guarded, key).text + ask(guarded, key, "/lora-adapters").text + ask(guarded, key, "/nowhere").text
        assert key not in said
    assert '"key": "letters"' in guarded.log
    assert '"key": "boss"' in guarded.log
    for pid in (guarded.process.pid, *guarded.worker_pids()):
        for name in ("cmdline", "environ"):
            assert b"canary" not in Path(f"/proc/{pid}/{name}").read_bytes()
    assert "canary" not in guarded.log
    assert "canary" not in httpx.get(f"http://127.0.0.1:{guarded.metrics_port}/metrics").text


def test_a_worker_knows_nothing_of_keys(guarded: RunningServer) -> None:
    """Not even where they are."""
    for pid in guarded.worker_pids():
        assert b"KEYS_FILE" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_nothing_listens_that_is_not_named(guarded: RunningServer) -> None:
    """Two ports, at the address that is set; workers on nothing at all."""
    named = {f"tcp 127.0.0.1:{guarded.port}", f"tcp 127.0.0.1:{guarded.metrics_port}"}
    assert listening(guarded.process.pid) == named
    assert guarded.worker_pids()
    for pid in guarded.worker_pids():
        assert listening(pid) == set()


def test_a_key_is_changed_without_a_restart(guarded: RunningServer) -> None:
    """The old one counts no more; a broken file changes nothing."""
    write_keys(guarded.folder, "2", WRONG)
    wait_for_status(guarded, CANARY, 401)
    assert ask(guarded, WRONG).status_code == 200
    write_keys(guarded.folder, "3", "short")
    wait_for_log(guarded, "API keys stay as they were")
    assert ask(guarded, WRONG).status_code == 200
    write_keys(guarded.folder, "4", CANARY)
    wait_for_status(guarded, WRONG, 401)
    assert ask(guarded, CANARY).status_code == 200


def test_a_refused_request_leaves_its_connection_usable(guarded: RunningServer) -> None:
    """Its body is dropped, not taken for the next request."""
    with httpx.Client(base_url=guarded.url) as client:
        for key, status in ((WRONG, 401), (CANARY, 200), (WRONG, 401)):
            answer = client.post("/v1/completions", json=PROMPT, headers={"x-api-key": key})
            assert answer.status_code == status


def test_a_body_that_is_far_too_large_is_refused_so_that_its_client_reads_it(guarded: RunningServer) -> None:
    """Also one that sends all before it reads anything; the next request comes over the same connection."""
    connection = http.client.HTTPConnection("127.0.0.1", guarded.port, timeout=30)
    with contextlib.closing(connection):
        for key, size, status in ((CANARY, 20_000_000, 413), (WRONG, 20_000_000, 401), (CANARY, 2, 400)):
            headers = {"x-api-key": key}
            connection.request("POST", "/v1/completions", body=b"{" * size, headers=headers)
            answer = connection.getresponse()
            assert (answer.status, "error" in json.loads(answer.read())) == (status, True)


def test_bytes_that_are_no_request_do_no_harm(guarded: RunningServer) -> None:
    """Refused by hand and by the parser; the server goes on."""
    lengths = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    for raw in (b"\x00" * 100, b"GET / HTTP/1.1\r\n\r\n", lengths):
        assert split(exchange(guarded.port, raw)).status == 400
    assert guarded.get("/health/live").status_code == 200


@pytest.mark.parametrize("content", [None, "", "short"])
def test_a_server_that_was_meant_to_be_closed_does_not_start_open(tmp_path: Path, content: str | None) -> None:
    """One line, exit code 2, nothing of what is in the file."""
    if content is not None:
        (tmp_path / "keys").write_text(content)
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{IMAGE}:{llama_path()}",
        "SLIPWAY_API_KEYS_FILE": str(tmp_path / "keys"),
        "SLIPWAY_MODELS_DIR": str(tmp_path),
    }
    ended = subprocess.run([sys.executable, "-m", "serve"], env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"serve: SLIPWAY_API_KEYS_FILE is {tmp_path / 'keys'}: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_ten_slow_clients_keep_nobody_from_asking(own_folder: Path) -> None:
    """With room for five connections: those that drip make room for who asks."""
    with RunningServer(own_folder, [model_entry()], max_connections=5) as server, contextlib.ExitStack() as stack:
        server.wait_for("/health/ready", 200)
        for _ in range(10):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            sock.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nX")
        for _ in range(3):
            assert ask(server, None).status_code == 200
        assert server.get("/health/live").status_code == 200


def wait_for_status(server: RunningServer, key: str, status: int) -> None:
    """The files are looked at once a second."""
    deadline = time.monotonic() + 10
    while ask(server, key).status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def wait_for_log(server: RunningServer, words: str) -> None:
    """Each request with a key lets it look."""
    deadline = time.monotonic() + 10
    while words not in server.log:
        assert time.monotonic() < deadline
        ask(server, WRONG)
        time.sleep(0.1)
