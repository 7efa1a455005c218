"""`python -m serve models|pull|rm|chat|bench` as processes, at a real server with a tiny model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.helpers.hub_server import HubState, hub_server
from tests.helpers.running_server import IMAGE, RunningServer, free_port
from tests.helpers.terminal import terminal

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

REPO = "owner/tiny-GGUF"


def environ(url: str, **more: str) -> dict[str, str]:
    """Of a person who asks that server."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE), "SLIPWAY_URL": url, **more}


def argv(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "serve", *arguments]


def cli(url: str, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Without a terminal."""
    env = environ(url, **more)
    return subprocess.run(
        argv(*arguments), env=env, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def hub(tiny_model: Path) -> Iterator[HubState]:
    """With the same small file under some names."""
    names = ("watched.gguf", "left.gguf", "logged.gguf")
    with hub_server({f"{REPO}/{name}": tiny_model for name in names}, has_sums=True) as state:
        yield state


@pytest.fixture(scope="module")
def discovering(tiny_model: Path, hub: HubState, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that serves whatever is there."""
    folder = tmp_path_factory.mktemp("discovered")
    shutil.copy(tiny_model, folder / "tiny.gguf")
    with RunningServer(folder, None, hub=hub.url) as running:
        yield running


# ---- what goes wrong is one line, and 2 ----


def test_a_server_that_is_not_there_is_one_line() -> None:
    """With the setting that names it."""
    url = f"http://127.0.0.1:{free_port()}"
    done = cli(url, "models")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"serve: {url} can't be reached: ")
    assert done.stderr.count("\n") == 1


def test_an_unknown_model_is_one_line(server: RunningServer) -> None:
    """In the server's words, with the models that there are."""
    done = cli(server.url, "chat", "nothing", "Hello")
    assert (done.returncode, done.stdout.strip()) == (2, "")
    assert done.stderr == "serve: there is no model 'nothing' here: there is tiny\n"


def test_keys_come_from_a_file_or_the_environment(own_folder: Path) -> None:
    """Without one, and with a wrong one, it is one line."""
    key = "sk-a-key-of-a-client"
    for name, text in (("keys", key), ("mine", f"{key}\n"), ("wrong", "sk-a-key-of-nobody")):
        (own_folder / name).write_text(text)
    with RunningServer(own_folder, None, api_keys_file=own_folder / "keys") as server:
        refused = cli(server.url, "models")
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert "wants an API key: SLIPWAY_API_KEY or --key-file" in refused.stderr
        assert "does not know this API key" in cli(server.url, "models", "--key-file", str(own_folder / "wrong")).stderr
        assert cli(server.url, "models", "--key-file", str(own_folder / "mine")).returncode == 0
        assert cli(server.url, "models", SLIPWAY_API_KEY=key).returncode == 0


# ---- models, pull, rm ----


def test_a_model_is_pulled_listed_and_removed(discovering: RunningServer) -> None:
    """From a hub to an answer and away again."""
    pulled = cli(discovering.url, "pull", REPO, "logged.gguf")
    assert (pulled.returncode, pulled.stdout) == (0, "logged\n")
    assert "logged.gguf starting" in pulled.stderr
    listed = cli(discovering.url, "models").stdout
    assert listed.splitlines()[0].split() == ["MODEL", "STATE", "SIZE", "MEMORY", "CONTEXT", "SLOTS", "ALSO"]
    assert any(line.split()[0] == "logged" for line in listed.splitlines()[1:])
    assert cli(discovering.url, "rm", "logged").stdout == "logged is removed\n"
    state = json.loads(cli(discovering.url, "models", "--json").stdout)
    assert "logged" not in [model["id"] for model in state["models"]]
    gone = cli(discovering.url, "rm", "logged")
    assert (gone.returncode, "no model 'logged'" in gone.stderr) == (2, True)


def test_a_pull_is_a_bar_at_a_terminal(discovering: RunningServer, hub: HubState) -> None:
    """With percent, bytes, speed and the rest of the time; nothing of it is left there."""
    hub.bytes_per_s = 300_000
    with terminal(argv("pull", REPO, "watched.gguf"), environ(discovering.url)) as at:
        assert at.end() == 0
    assert "watched.gguf downloading" in at.shown
    assert "%|" in at.shown
    assert "B/s" in at.shown
    assert at.shown.rstrip().endswith("watched")


def test_ctrl_c_leaves_a_pull_alone_and_cancel_ends_it(discovering: RunningServer, hub: HubState) -> None:
    """It is the server's: who has stopped watching can watch again, or end it."""
    hub.bytes_per_s = 20_000
    with terminal(argv("pull", REPO, "left.gguf"), environ(discovering.url)) as at:
        at.until("left.gguf downloading")
        at.type("\x03")
        assert at.end() == 130
    assert "the pull goes on" in at.shown
    assert "Traceback" not in at.shown
    [pull] = [each for each in state_of(discovering)["pulls"] if each["file"] == "left.gguf"]
    assert pull["state"] == "downloading"
    assert cli(discovering.url, "pull", REPO, "left.gguf", "--cancel").returncode == 0
    [pull] = [each for each in state_of(discovering)["pulls"] if each["file"] == "left.gguf"]
    assert pull["state"] == "cancelled"


def state_of(server: RunningServer) -> dict[str, list[dict[str, object]]]:
    """As the page sees it."""
    told: dict[str, list[dict[str, object]]] = httpx.get(f"{server.url}/ui/state").json()
    return told


# ---- chat ----


def test_a_question_through_a_pipe_gets_the_answer_alone(server: RunningServer) -> None:
    """On stdout, as the API gives it; no prompt, no colour."""
    asked = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Hello there"}],
        "max_tokens": 8,
        "temperature": 0,
    }
    answer = httpx.post(f"{server.url}/v1/chat/completions", json=asked, timeout=30).json()
    text = answer["choices"][0]["message"]["content"]
    settings = ("--temperature", "0", "--max-tokens", "8")
    for done in (
        cli(server.url, "chat", *settings, stdin="Hello there\n"),
        cli(server.url, "chat", "tiny", "Hello", "there", *settings),
    ):
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == f"{text}\n".splitlines()


def test_nothing_through_a_pipe_is_one_line(server: RunningServer) -> None:
    """Instead of a chat with nobody."""
    done = cli(server.url, "chat")
    assert (done.returncode, done.stderr) == (
        2,
        "serve: nothing came through standard input: a question is wanted there\n",
    )


def test_a_conversation_at_a_terminal(server: RunningServer) -> None:
    """Asked, answered, asked again with what was said; Ctrl-D ends."""
    with terminal(argv("chat", "--temperature", "0", "--max-tokens", "4", "--verbose"), environ(server.url)) as at:
        at.until(">>> ")
        at.type("Hello there\r")
        at.until("tokens read")
        at.until(">>> ", times=2)
        at.type("Again\r")
        at.until("tokens read", times=2)
        at.until(">>> ", times=3)
        at.type("\x04")
        assert at.end() == 0
    first, second = (int(words.split()[-1]) for words in at.shown.split(" tokens read")[:2])
    assert second > first + 4


class _Endless(BaseHTTPRequestHandler):
    """Answers without an end, for as long as somebody listens."""

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        """Word by word."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n')
                time.sleep(0.01)
        except OSError:
            self.server.left.release()  # type: ignore[attr-defined]


def test_ctrl_c_stops_an_answer_and_its_computation() -> None:
    """The connection ends at once, which ends the work at a server; the next question is answered."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endless) as endless:
        left = endless.left = threading.Semaphore(0)  # type: ignore[attr-defined]
        threading.Thread(target=endless.serve_forever, kwargs={"poll_interval": 0.02}).start()
        try:
            with terminal(argv("chat", "any"), environ(f"http://127.0.0.1:{endless.server_address[1]}")) as at:
                at.until(">>> ")
                for _ in range(2):
                    at.shown = ""
                    at.type("Hello\r")
                    at.until("word word")
                    at.type("\x03")
                    at.until("(stopped)\r\n>>> ")
                    assert left.acquire(timeout=20)
                    assert "Traceback" not in at.shown
                at.type("/bye\r")
                assert at.end() == 0
        finally:
            endless.shutdown()


# ---- bench ----


def test_bench_measures_what_was_asked_for(server: RunningServer) -> None:
    """As many requests and tokens as asked for, as the server counts them."""
    arguments = ("-n", "4", "-c", "2", "--prompt-tokens", "20", "--max-tokens", "6", "--json")
    done = cli(server.url, "bench", *arguments)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["model"], told["num_requests"], told["num_failed"]) == ("tiny", 4, 0)
    assert (told["prompt_tokens"], told["written_tokens"]) == (80, 24)
    assert 0 < told["first_token"]["p50_s"] <= told["first_token"]["p95_s"] <= told["answer"]["max_s"]
