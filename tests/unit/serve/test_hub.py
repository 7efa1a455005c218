"""Tests of serve.hub, with a hub that is a function."""

from __future__ import annotations

import hashlib
import uuid
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

    def __init__(self, content: bytes = b"good", *, error: Exception | None = None, record: str | None = None) -> None:
        self.content, self.error, self.record = content, error, record
        self.found_before: list[list[str]] = []

    def sha256(self, *, repo: str, revision: str, file: str) -> str | None:
        """What the hub says the file's SHA-256 is."""
        return self.record

    def download(self, *, repo: str, revision: str, file: str, folder: Path) -> Path:
        """As huggingface_hub does: by a partial file whose name nobody knows again."""
        self.found_before.append(names(folder))
        partial = folder / f"{uuid.uuid4().hex}.incomplete"
        partial.write_bytes(self.content)
        if self.error is not None:
            raise self.error
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        return partial.rename(path)


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


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionError("connection reset"), "connection reset"),
        (RuntimeError("Data processing error:\n  no such chunk"), "Data processing error: no such chunk"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_whatever_breaks_a_pull_is_one_line_and_leaves_nothing(tmp_path: Path, error: Exception, words: str) -> None:
    """The error names repository and file, of whatever kind it is."""
    with pytest.raises(SetupError) as caught:
        run(tmp_path, FakeHub(error=error))
    assert str(caught.value) == f"org/m@main/m.gguf can't be pulled: {words}"
    assert names(tmp_path) == []


def test_what_a_killed_pull_left_is_removed_before_the_next(tmp_path: Path) -> None:
    """It can't be gone on from: it would only take the room that the next pull needs."""
    left = tmp_path / ".m.gguf.pull" / "cache"
    left.mkdir(parents=True)
    (left / "1234.incomplete").write_bytes(b"go")
    hub = FakeHub()
    run(tmp_path, hub)
    assert hub.found_before == [[]]
    assert names(tmp_path) == ["m.gguf"]


def test_a_file_that_cannot_be_placed_is_one_line(tmp_path: Path) -> None:
    """A folder has its name."""
    (tmp_path / "m.gguf").mkdir()
    with pytest.raises(SetupError, match=r"org/m@main/m.gguf can't be pulled: .*Is a directory"):
        run(tmp_path, FakeHub())
    assert names(tmp_path) == ["m.gguf"]


def test_in_a_shared_cache_a_file_has_a_name_of_its_own_and_is_pulled_once(tmp_path: Path) -> None:
    """Two models with the same weights: the second finds what the first has pulled, and never asks the hub."""
    hub = FakeHub()
    first, second = (
        pull(
            repo="org/m",
            revision="main",
            file="m.gguf",
            target_dir=tmp_path,
            sha256=SHA256,
            stored="1a-m.gguf",
            hub=hub,
        )
        for _ in range(2)
    )
    assert ("is pulled" in first, "nothing to do" in second) == (True, True)
    assert [name for name in names(tmp_path) if not name.startswith(".")] == ["1a-m.gguf"]
    assert len(hub.found_before) == 1


@pytest.mark.parametrize("stored", ["../m.gguf", "a/m.gguf"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, stored: str) -> None:
    """Nothing outside the cache is ever written."""
    with pytest.raises(SetupError, match="a plain file name is allowed"):
        pull(repo="o/m", revision="main", file="m.gguf", target_dir=tmp_path, sha256=SHA256, stored=stored)


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
