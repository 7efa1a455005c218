"""Tests of serve.pulls.huggingface: the real client against a hub on this machine that speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session

from serve.errors import (
    ForbiddenError,
    HubError,
    InvalidRequestError,
    ModelNotFoundError,
    RateLimitError,
    RequestError,
)
from serve.pulls import huggingface
from serve.pulls.hub import Remote
from serve.pulls.huggingface import HuggingFace
from serve.pulls.retry import TemporaryError
from tests.helpers.hub_server import COMMIT, HubState, file_sha256, hub_server

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubState]:
    """A hub with one file. Nobody's own token or proxy is looked for."""
    monkeypatch.setenv("HF_TOKEN", "secret-token")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    path = tmp_path / "m.gguf"
    path.write_bytes(CONTENT)
    with hub_server({"org/m/sub/m.gguf": path}, has_sums=True) as state:
        state.sums["org/m/sub/m.gguf"] = file_sha256(path)
        yield state
        close_session()


def look(state: HubState, revision: str = "main") -> Remote:
    """At the file."""
    return HuggingFace(state.url).look("org/m", revision, "sub/m.gguf")


def read(state: HubState, first: int = 0) -> tuple[int, bytes]:
    """Where the answer begins, and all of it."""
    with HuggingFace(state.url).read(look(state), first) as stream:
        return stream.first, b"".join(stream.chunks)


def test_a_look_tells_commit_size_and_sum(state: HubState, tmp_path: Path) -> None:
    """Without a byte of the file, also for a revision with a slash."""
    for revision in ("main", "refs/pr/1"):
        found = look(state, revision)
        assert found == Remote("org/m", COMMIT, "sub/m.gguf", file_sha256(tmp_path / "m.gguf"), len(CONTENT))
    assert {asked[0] for asked in state.asked} == {"HEAD"}
    assert "/resolve/refs%2Fpr%2F1/" in state.asked[-1][1]


def test_small_files_have_no_sum(state: HubState) -> None:
    """Their etag is of another kind."""
    state.sums, state.sha256 = {}, None
    assert look(state).sha256 is None


def test_all_files_are_listed(state: HubState) -> None:
    """Also those in folders."""
    assert HuggingFace(state.url).files("org/m", "main") == ("sub/m.gguf",)
    with pytest.raises(ModelNotFoundError):
        HuggingFace(state.url).files("org/other", "main")


def test_bytes_come_from_where_they_are_asked_for(state: HubState) -> None:
    """Of the commit that was looked at; the token stays with the hub."""
    assert read(state) == (0, CONTENT)
    assert read(state, 1000) == (1000, CONTENT[1000:])
    gets = [asked for asked in state.asked if asked[0] == "GET"]
    assert all(COMMIT in path for _, path, _, _ in gets if "resolve" in path)
    assert {(("resolve" in path), token) for _, path, _, token in gets} == {
        (True, "Bearer secret-token"),
        (False, ""),
    }


def test_large_files_come_in_pieces(state: HubState, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores refuse to send too much at once."""
    monkeypatch.setattr(huggingface, "PIECE_BYTES", 100_000)
    assert read(state) == (0, CONTENT[:100_000])
    assert read(state, 200_000) == (200_000, CONTENT[200_000:])


def test_a_hub_without_ranges_begins_at_the_beginning(state: HubState) -> None:
    """And it is said so."""
    state.knows_ranges = False
    assert read(state, 1000) == (0, CONTENT)


def test_a_connection_that_is_cut_may_be_tried_again(state: HubState) -> None:
    """What came until then is not lost."""
    state.cut_after = [70_000]
    found: list[bytes] = []
    remote = look(state)
    with (
        pytest.raises(TemporaryError, match="the connection to the hub broke"),
        HuggingFace(state.url).read(remote, 0) as stream,
    ):
        found.extend(stream.chunks)
    assert b"".join(found) == CONTENT[:70_000]


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (401, "GatedRepo", ForbiddenError, "it is gated; this server's is set by HF_TOKEN or HF_TOKEN_PATH"),
        (401, "", ForbiddenError, "it wants another token"),
        (403, "", ForbiddenError, "the hub answers 403 for org/m"),
        (401, "RepoNotFound", ModelNotFoundError, "or this server's token may not see it"),
        (404, "EntryNotFound", ModelNotFoundError, "it has no such file"),
        (404, "RevisionNotFound", ModelNotFoundError, "it has no such revision"),
        (404, "", ModelNotFoundError, "it is not there"),
        (410, "", HubError, "the hub answers 410 for org/m"),
    ],
)
def test_what_the_hub_refuses_is_one_clear_sentence(
    state: HubState, status: int, code: str, kind: type[RequestError], words: str
) -> None:
    """Of the right kind, without addresses and tokens; it is not tried again."""
    state.troubles, state.error_code = [status], code
    with pytest.raises(RequestError) as caught:
        look(state)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (500, HubError), (503, HubError), (408, HubError)])
@pytest.mark.parametrize("retry_after", ["", "7", "Wed, 21 Oct 2015 07:28:00 GMT", "-1", "9" * 400])
def test_what_may_pass_is_tried_again(state: HubState, status: int, kind: type[RequestError], retry_after: str) -> None:
    """As late as the hub says, in seconds."""
    state.troubles, state.retry_after = [status], retry_after
    with pytest.raises(TemporaryError) as caught:
        look(state)
    assert type(caught.value.error) is kind
    assert caught.value.error.retry_after_s == (7 if retry_after == "7" else None)


@pytest.mark.parametrize("status", [401, 403, 404, 500, 429])
def test_a_store_that_refuses_gets_a_new_address(state: HubState, status: int) -> None:
    """Signed addresses are valid for minutes."""
    state.store_troubles = [status]
    with pytest.raises(TemporaryError):
        read(state)


def test_a_range_behind_the_end_means_another_file(state: HubState) -> None:
    """What is there is worth nothing."""
    remote = look(state)
    with pytest.raises(TemporaryError) as caught, HuggingFace(state.url).read(remote, len(CONTENT) + 5):
        pass
    assert caught.value.begins_anew


@pytest.mark.parametrize(
    ("wrong", "first", "words"),
    [
        ("length", 0, "256007 bytes instead of 256000"),
        ("length", 1000, "255007 bytes instead of 255000"),
        ("range", 1000, "the range 'bytes 1001-255999/256000' instead of one from 1000 on"),
        ("encoding", 0, "compressed bytes"),
    ],
)
def test_an_answer_that_is_not_of_this_file_is_not_read(state: HubState, wrong: str, first: int, words: str) -> None:
    """Its head tells it."""
    state.wrong = [wrong]
    with pytest.raises(TemporaryError, match=words):
        read(state, first)


def test_a_file_that_changes_meanwhile_is_told(state: HubState) -> None:
    """Two versions are never mixed."""
    remote = look(state)
    state.sums["org/m/sub/m.gguf"] = "f" * 64
    with pytest.raises(HubError, match="was changed while it was pulled"), HuggingFace(state.url).read(remote, 0):
        pass


@pytest.mark.parametrize("garbage", [b"<html>log in, please</html>", b"", b"\xff" * 1000, b'{"a": [1]}', b"[1, 2]"])
def test_what_is_no_hub_is_told(state: HubState, garbage: bytes) -> None:
    """A proxy that wants a login, for instance."""
    state.garbage = garbage
    with pytest.raises(HubError):
        HuggingFace(state.url).files("org/m", "main")
    assert look(state).sha256 is None


def test_what_redirects_for_ever_is_told(state: HubState) -> None:
    """Not followed."""
    state.endless = True
    with pytest.raises(HubError, match="too many redirects"):
        look(state)


def test_a_hub_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    """It is tried again."""
    with hub_server({}) as gone:
        pass
    with pytest.raises(TemporaryError, match="the connection to the hub broke: connect"):
        HuggingFace(gone.url).look("org/m", "main", "m.gguf")
    close_session()


def test_a_name_that_the_hub_does_not_take_is_the_askers(state: HubState) -> None:
    """Nothing is asked."""
    with pytest.raises(InvalidRequestError, match="the hub takes no such name"):
        HuggingFace(state.url).look("org/m--x.git", "main", "m.gguf")
    assert state.asked == []


@pytest.mark.parametrize("token", ["hf_ä", "hf_\x01", "hf_a\nx-evil: 1"])
def test_a_token_that_is_none_is_told_without_it(state: HubState, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """Before anything is asked."""
    monkeypatch.setattr(huggingface, "get_token", lambda: token)
    for ask in (look, read):
        with pytest.raises(HubError) as caught:
            ask(state)
        assert "hf_" not in str(caught.value)
    assert state.asked == []


def test_a_token_file_that_cannot_be_read_is_told(
    state: HubState, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the setting that names it; without a file, nobody's name is told."""
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path))
    with pytest.raises(HubError, match=r"HF_TOKEN_PATH\) can't be read"):
        look(state)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "absent"))
    look(state)
    assert state.asked[-1][3] == ""
