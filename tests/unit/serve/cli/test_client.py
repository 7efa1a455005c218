"""Tests of serve.cli.client: what goes wrong is one line that says what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx2
import pytest

from serve.cli.client import Refused, Server, connect, message_of, read_key
from serve.errors import SetupError
from tests.unit.serve.cli.talking import ok, refused, talking


def test_the_key_is_sent_as_a_bearer() -> None:
    """And nothing without one."""
    server, told = talking({"GET /x": ok({})}, key="secret")
    server.ask("GET", "/x")
    assert told.headers[0]["authorization"] == "Bearer secret"
    server, told = talking({"GET /x": ok({})})
    server.ask("GET", "/x")
    assert "authorization" not in told.headers[0]


def test_a_key_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    """The file wins, its first word is the key; never the command line."""
    (tmp_path / "key").write_text("  from-file name=me\n")
    assert read_key(None, {"SLIPWAY_API_KEY": " from-environ\n"}) == "from-environ"
    assert read_key(tmp_path / "key", {"SLIPWAY_API_KEY": "from-environ"}) == "from-file"
    assert read_key(None, {}) == ""


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"", "it is empty"), (b"\xff\xfe", "no text")])
def test_a_key_file_that_can_t_be_used_is_named(content: bytes | None, words: str, tmp_path: Path) -> None:
    """With what is wrong."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError, match=f"--key-file is {path}: .*{words}"):
        read_key(path, {})


@pytest.mark.parametrize("url", ["server:8000", "ftp://server", "http://", "", "http://[::1", "/v1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(SetupError, match="the server is "):
        connect(url, "")


def test_a_server_that_is_not_there_is_named() -> None:
    """With the setting that names it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        with connect(url, "") as client, pytest.raises(SetupError, match=f"{url} can't be reached: .*SLIPWAY_URL"):
            Server(client).ask("GET", "/v1/models")


def test_what_a_server_refuses_is_told_in_its_words() -> None:
    """With when to come back."""
    server, _ = talking({"GET /x": refused(429, "the queue is full", {"retry-after": "7"})})
    with pytest.raises(Refused, match=r"^the queue is full \(try again in 7 s\)$") as error:
        server.ask("GET", "/x")
    assert error.value.status == 429


@pytest.mark.parametrize(("key", "words"), [("", "wants an API key"), ("k", "does not know this API key")])
def test_401_says_where_keys_come_from(key: str, words: str) -> None:
    """Whether none was sent or a wrong one."""
    server, _ = talking({"GET /x": refused(401, "no")}, key=key)
    with pytest.raises(SetupError, match=f"{words}: SLIPWAY_API_KEY or --key-file"):
        server.ask("GET", "/x")


def test_what_is_no_slipway_is_told_so() -> None:
    """A page of somebody else, or an error without words."""
    server, _ = talking({"GET /x": httpx2.Response(200, text="<html>"), "GET /y": httpx2.Response(502, text="<html>")})
    with pytest.raises(SetupError, match="does not answer as Slipway does"):
        server.ask("GET", "/x")
    with pytest.raises(SetupError, match="answers 502 to /y"):
        server.ask("GET", "/y")


def test_accepted_is_no_answer_yet() -> None:
    """202 says that the weights are on their way."""
    server, _ = talking({"POST /x": refused(202, "it is being pulled", {"retry-after": "5"})})
    with pytest.raises(SetupError, match="it is being pulled"), server.stream("/x", {}):
        pass


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"error": {"message": "a"}}', "a"),
        ('{"error": "a"}', "a"),
        ('{"error": "\\u001b[2J"}', "\N{REPLACEMENT CHARACTER}[2J"),
        ('{"error": 5}', ""),
        ("[]", ""),
        ("<html>", ""),
    ],
)
def test_errors_are_read_in_every_shape(text: str, words: str) -> None:
    """OpenAI's, Ollama's, and none; made harmless for a terminal."""
    assert message_of(text) == words
