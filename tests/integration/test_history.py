"""What users said, in a real server that is killed, restarted, and finds its file damaged."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine


def say(server: RunningServer, text: str, user: str = "anna", **more: object) -> dict[str, Any]:
    """One message, answered in a few tokens."""
    body = {"message": text, "max_tokens": 4, "temperature": 0, **more}
    answer = httpx.post(f"{server.url}/chat/{user}", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def questions(server: RunningServer, user: str = "anna") -> list[str]:
    """What a user asked, as far as it is remembered."""
    messages = server.get(f"/chat/{user}/history").json()["messages"]
    return [message["content"] for message in messages if message["role"] == "user"]


def test_a_killed_server_has_forgotten_nothing_that_it_had_answered(own_folder: Path) -> None:
    """Several users at once when SIGKILL comes; what each was answered is there, and each conversation goes on."""
    state_dir = own_folder / "state"
    answered: dict[str, int] = {}

    def talk(server: RunningServer, user: str) -> None:
        try:
            for number in range(1000):
                say(server, f"{number}", user)
                answered[user] = number + 1
        except httpx.TransportError:
            pass

    with RunningServer(own_folder, [model_entry()], state_dir=state_dir) as server:
        server.wait_for("/health/ready", 200)
        threads = [threading.Thread(target=talk, args=(server, user)) for user in ("anna", "ben", "eve")]
        for thread in threads:
            thread.start()
        while sum(answered.values()) < 12:
            threads[0].join(0.02)
        server.process.kill()
        for thread in threads:
            thread.join()
    with RunningServer(own_folder, [model_entry()], state_dir=state_dir) as server:
        server.wait_for("/health/ready", 200)
        for user, num_turns in answered.items():
            kept = questions(server, user)
            assert kept == [str(number) for number in range(len(kept))]
            assert num_turns <= len(kept) <= num_turns + 1  # one may have been kept whose answer was cut off
            assert say(server, "x", user)["context_turns"] == len(kept)


def test_a_long_conversation_is_cut_to_the_model_and_never_refused(own_folder: Path) -> None:
    """With the model's own tokenizer and template, until much more was said than it has room for."""
    with RunningServer(own_folder, [model_entry(context_tokens=128, num_slots=1)]) as server:
        server.wait_for("/health/ready", 200)
        turns = [say(server, f"question {number}")["context_turns"] for number in range(12)]
        assert turns[:2] == [0, 1]
        assert 0 < max(turns) < 6
        assert len(questions(server)) == 12
        too_long = httpx.post(f"{server.url}/chat/anna", json={"message": "long " * 200, "max_tokens": 4}, timeout=30)
        assert (too_long.status_code, too_long.json()["error"]["code"]) == (400, "context_length_exceeded")
        assert len(questions(server)) == 12
        stream = httpx.post(
            f"{server.url}/chat/anna", json={"message": "x", "max_tokens": 4, "stream": True}, timeout=30
        )
        *_, last, done, _ = stream.text.split("\n\n")
        assert (json.loads(last.removeprefix("data: "))["remembered"], done) == (True, "data: [DONE]")
        assert questions(server)[-1] == "x"


def test_a_damaged_history_does_not_keep_the_server_from_its_work(own_folder: Path) -> None:
    """It is moved aside, the log says so, and a new one begins."""
    file = own_folder / "h.sqlite3"
    file.write_bytes(b"this is no database " * 1000)
    with RunningServer(own_folder, [model_entry()], history_file=file) as server:
        server.wait_for("/health/ready", 200)
        assert questions(server) == []
        say(server, "one")
        assert questions(server) == ["one"]
        assert "is damaged" in server.log
    (aside,) = own_folder.glob("h.sqlite3.damaged-*")
    assert aside.read_bytes().startswith(b"this is no database")
