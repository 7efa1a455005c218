"""An image's layers become a folder, as a container engine makes it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.unit.tools.image.made import REF, Registry, file, layer
from tools.image import registry, root_fs


def unpacked(layers: list[bytes], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Push them, and unpack what was pushed."""
    made = Registry()
    made.push("1", layers, {"config": {}})

    @contextlib.contextmanager
    def client() -> Iterator[httpx.Client]:
        yield made.client()

    monkeypatch.setattr(registry, "client", client)
    # Owners need root; all else does not.
    monkeypatch.setattr("tarfile.TarFile.chown", lambda *_: None)
    assert root_fs.unpack(REF, folder) == {"config": {}}


def test_what_a_layer_hides_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, a folder with what is in it, and what was in an opaque folder."""
    below = [file("a"), file("b", kind="folder", mode=0o755), file("b/x"), file("c/old"), file("keep", size_bytes=2)]
    above = [file(".wh.a"), file(".wh.b"), file("c/.wh..wh..opq"), file("d", kind="link", target="keep")]
    unpacked([layer(below), layer(above)], tmp_path, monkeypatch)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")) == ["c", "d", "keep"]
    assert (tmp_path / "d").readlink() == Path("keep")


def test_rights_are_kept_and_a_link_gives_way_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written in its place, never through it."""
    below = [file("a", size_bytes=1), file("b", kind="link", target="a")]
    unpacked([layer(below), layer([file("b", mode=0o750, size_bytes=5)])], tmp_path, monkeypatch)
    assert (tmp_path / "a").stat().st_size == 1
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o750
