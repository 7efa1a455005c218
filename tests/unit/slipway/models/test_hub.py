"""Files of a hub in pieces, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from slipway.models.hub import Access, Hub, HubError, RemoteFile, access_from
from tests.helpers.hub_server import COMMIT, SHA256, HubState
from tests.unit.slipway.models.conftest import FILE, REPO

TOKEN = "hf_secret"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Retries without a wait and without a word."""
    stamina.instrumentation.set_on_retry_hooks([])
    yield
    stamina.instrumentation.set_on_retry_hooks(None)


def ask(hub: HubState, token: str | None = None, revision: str = "main") -> RemoteFile:
    """What the hub says of the file."""
    with Hub(Access(hub.url, token), wait_s=0) as client:
        return client.find(REPO, FILE, revision)


def refused(hub: HubState, token: str | None = None) -> str:
    """What is said when it refuses."""
    with pytest.raises(HubError) as caught:
        ask(hub, token)
    (problem,) = caught.value.problems
    assert TOKEN not in problem
    return problem


def test_the_hub_tells_commit_sum_and_size(hub: HubState, gguf: Path) -> None:
    """Without sending anything of the file; what is read later is of that commit."""
    found = ask(hub)
    assert (found.commit, found.sha256, found.num_bytes) == (COMMIT, SHA256, gguf.stat().st_size)
    assert found.url == f"{hub.url}/{REPO}/resolve/{COMMIT}/{FILE}"
    assert [entry[0] for entry in hub.asked] == ["HEAD"]


def test_pieces_come_from_where_the_hub_redirects(hub: HubState, gguf: Path) -> None:
    """The bytes of the file; nothing beyond its end."""
    with Hub(Access(hub.url), wait_s=0) as client:
        read = client.reader(client.find(REPO, FILE, "main"))
        with gguf.open("rb") as file:
            assert read(0, 64) == file.read(64)
        size = gguf.stat().st_size
        assert (len(read(size - 5, 100)), read(size, 10)) == (5, b"")


def test_the_token_goes_to_the_hub_only(hub: HubState) -> None:
    """The store has its own signature; and a text of the access does not show it."""
    hub.token = TOKEN
    with Hub(Access(hub.url, TOKEN), wait_s=0) as client:
        client.reader(client.find(REPO, FILE, "main"))(0, 8)
    at_store = [entry[3] for entry in hub.asked if "X-Signature" in entry[1]]
    at_hub = [entry[3] for entry in hub.asked if "X-Signature" not in entry[1]]
    assert at_store == [""]
    assert set(at_hub) == {f"Bearer {TOKEN}"}
    assert TOKEN not in repr(Access(hub.url, TOKEN))


def test_short_troubles_are_tried_again(hub: HubState) -> None:
    """Three in a row."""
    hub.troubles = [503, 429, 500]
    assert ask(hub).commit == COMMIT


@pytest.mark.parametrize(
    ("troubles", "code", "expected"),
    [
        ([503] * 4, "", "the hub answers 503, after 4 attempts"),
        ([401], "", "there is no such repository, or it is private: set HF_TOKEN"),
        ([401], "GatedRepo", "accept its licence on its page first"),
        ([403], "", "the token may not read it (403)"),
        ([404], "EntryNotFound", "the repository has no such file at this revision (404)"),
        ([404], "RevisionNotFound", "the repository has no such revision (404)"),
        ([404], "", "there is no such repository, file or revision (404)"),
        ([416], "", "the file is shorter than the hub said (416)"),
        ([418], "", "the hub answers 418"),
    ],
)
def test_a_refusal_is_one_clear_sentence(hub: HubState, troubles: list[int], code: str, expected: str) -> None:
    """With the address, and what to do."""
    hub.troubles, hub.error_code = troubles, code
    problem = refused(hub, TOKEN)
    assert problem.startswith(f"{hub.url}/{REPO}/resolve/main/{FILE}: ")
    assert expected in problem


def test_redirects_without_end_are_told(hub: HubState) -> None:
    """Rather than followed."""
    hub.endless = True
    assert "redirects without end" in refused(hub)


def test_a_server_that_sends_only_whole_files_is_told_and_not_read(hub: HubState) -> None:
    """It would be gigabytes."""
    hub.knows_ranges = False
    with Hub(Access(hub.url), wait_s=0) as client, pytest.raises(HubError, match="sends only the whole file"):
        client.reader(client.find(REPO, FILE, "main"))(0, 100)


def test_a_piece_that_is_too_short_is_told(hub: HubState) -> None:
    """A proxy on the way, for example."""
    hub.cuts = 1
    with Hub(Access(hub.url), wait_s=0) as client, pytest.raises(HubError, match="99 bytes came instead of 100"):
        client.reader(client.find(REPO, FILE, "main"))(0, 100)


def test_a_hub_that_is_not_there_is_told(hub: HubState) -> None:
    """After some attempts; an address that is none at once."""
    del hub
    with Hub(Access("http://127.0.0.1:1"), wait_s=0) as client, pytest.raises(HubError, match=r"no answer \(Connect"):
        client.find(REPO, FILE, "main")
    with Hub(Access("ftp://hub"), wait_s=0) as client, pytest.raises(HubError, match="allowed: http"):
        client.find(REPO, FILE, "main")


def test_the_environment_is_read_as_huggingface_hub_reads_it(tmp_path: Path) -> None:
    """The variable first, then the file that is named, then the usual file."""
    usual = tmp_path / ".cache" / "huggingface"
    usual.mkdir(parents=True)
    (usual / "token").write_text("usual\n")
    (tmp_path / "other").write_text("other\n")
    home = {"HOME": str(tmp_path)}
    assert access_from({}).endpoint == "https://huggingface.co"
    assert access_from({"HF_ENDPOINT": "https://mirror/"}).endpoint == "https://mirror"
    assert access_from(home).token == "usual"
    assert access_from(home | {"HF_TOKEN_PATH": str(tmp_path / "other")}).token == "other"
    assert access_from(home | {"HF_TOKEN": "first"}).token == "first"
    assert access_from({"HF_HOME": str(usual)}).token == "usual"
    assert access_from({"HOME": str(tmp_path / "nobody")}).token is None
