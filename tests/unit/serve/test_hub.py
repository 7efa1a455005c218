"""Tests of serve.hub, with a hub that is a function."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.hub import pull

SHA256 = hashlib.sha256(b"good").hexdigest()


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class FakeHub:
    """Downloads a file, counts how often, and can break in the middle."""

    def __init__(self, content: bytes = b"good", *, breaks: bool = False, record: str | None = None) -> None:
        self.content, self.breaks, self.record = content, breaks, record
        self.found_before: list[list[str]] = []

    def sha256(self, *, repo: str, revision: str, file: str) -> str | None:
        """What the hub says the file's SHA-256 is."""
        return self.record

    def download(self, *, repo: str, revision: str, file: str, folder: Path) -> Path:
        """As huggingface_hub does: into a folder, keeping what came when it breaks."""
        self.found_before.append(names(folder))
        if self.breaks:
            (folder / "part").write_bytes(b"go")
            raise ConnectionError("connection reset")
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content)
        return path


def run(target: Path, hub: FakeHub, file: str = "m.gguf", sha256: str | None = SHA256) -> str:
    """One pull."""
    return pull(repo="org/m", revision="main", file=file, target_dir=target, sha256=sha256, hub=hub)


def test_a_pull_places_the_file_and_cleans_up(tmp_path: Path) -> None:
    """Only the file is left, also when the repository keeps it in a folder."""
    assert "is pulled" in run(tmp_path, FakeHub(), file="sub/m.gguf")
    assert names(tmp_path) == ["m.gguf"]


def test_a_file_that_is_right_is_not_pulled_again(tmp_path: Path) -> None:
    """The hub is not even asked."""
    hub = FakeHub()
    run(tmp_path, hub)
    assert "nothing to do" in run(tmp_path, hub)
    assert len(hub.found_before) == 1


def test_the_next_pull_goes_on_where_one_broke(tmp_path: Path) -> None:
    """What came stays for it; the error names repository and file."""
    with pytest.raises(SetupError, match=r"org/m@main/m.gguf can't be pulled: connection reset"):
        run(tmp_path, FakeHub(breaks=True))
    hub = FakeHub()
    run(tmp_path, hub)
    assert hub.found_before == [["part"]]


def test_a_wrong_sha256_leaves_nothing(tmp_path: Path) -> None:
    """Neither the file nor a part that the next pull would build on."""
    with pytest.raises(SetupError, match=f"{SHA256} is wanted"):
        run(tmp_path, FakeHub(b"bad"))
    assert names(tmp_path) == []


def test_without_a_sha256_the_hubs_own_record_decides(tmp_path: Path) -> None:
    """A broken transfer is still found."""
    assert "is pulled" in run(tmp_path, FakeHub(record=SHA256), sha256=None)
    (tmp_path / "m.gguf").unlink()
    with pytest.raises(SetupError, match=f"{SHA256} is wanted"):
        run(tmp_path, FakeHub(b"bad", record=SHA256), sha256=None)


def test_a_file_that_nobody_has_a_sha256_of_is_refused(tmp_path: Path) -> None:
    """Nothing unchecked is ever served."""
    with pytest.raises(SetupError, match="name one with --sha256"):
        run(tmp_path, FakeHub(), sha256=None)
    assert names(tmp_path) == []
