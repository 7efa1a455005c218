"""Tar streams become files, and layers the root file system that a container sees."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.image.made import GZIP, file, layer
from tools.image import layers
from tools.image.errors import ImageUnreadable
from tools.image.layers import File


def test_kinds_rights_owners_and_attributes_come_out_as_they_went_in() -> None:
    """One of each."""
    made = (
        file("bin/ping", mode=0o4755, xattrs={"security.capability": "x"}, size_bytes=3),
        file("tmp", kind="folder", mode=0o1777),
        file("bin/sh", kind="link", mode=0o777, target="dash"),
        file("bin/same", kind="hard link", target="bin/ping", mode=0o755),
        file("dev/null", kind="device", uid=7, gid=8),
    )
    seen: dict[str, bytes] = {}
    stream = io.BytesIO(gzip.compress(layer(made)))
    found = layers.read(stream, GZIP, lambda entry, content: seen.update({entry.path: content}))
    shown = [(f.path, f.kind, f.mode, f.uid, f.gid, f.size_bytes, f.target, dict(f.xattrs)) for f in found]
    assert shown == [(f.path, f.kind, f.mode, f.uid, f.gid, f.size_bytes, f.target, dict(f.xattrs)) for f in made]
    assert seen == {"bin/ping": b"xxx"}
    assert layers.unpacked_bytes(found) == 3


def test_a_compression_that_is_not_known_is_named() -> None:
    """Rather than a size of nothing."""
    with pytest.raises(ImageUnreadable, match=r"tar\+zstd"):
        layers.read(io.BytesIO(b""), "application/vnd.oci.image.layer.v1.tar+zstd")


def test_a_whiteout_hides_what_is_below_and_nothing_of_its_own_layer() -> None:
    """One file, one folder with all that is in it, and an opaque folder."""
    below = [file("a/gone"), file("a/kept"), file("b", kind="folder"), file("b/x"), file("c/old"), file("bb")]
    above = [file("a/.wh.gone"), file(".wh.b"), file("c/.wh..wh..opq"), file("c/new")]
    assert set(layers.merge([below, above])) == {"a/kept", "bb", "c/new"}


def test_a_file_in_the_place_of_a_folder_removes_what_was_in_it() -> None:
    """As an overlay of file systems does."""
    found = layers.merge([[file("a", kind="folder"), file("a/x")], [file("a", kind="link", target="b")]])
    assert set(found) == {"a"}


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@given(st.lists(st.lists(PATHS.map(file), max_size=6), max_size=4))
def test_without_whiteouts_the_root_has_the_last_of_each_path(made: list[list[File]]) -> None:
    """Whatever the layers are."""
    found = layers.merge(made)
    last = {f.path: f for one in made for f in one}
    assert found == last


@given(st.lists(PATHS, max_size=6))
def test_what_is_whited_out_is_not_there(paths: list[str]) -> None:
    """Nor anything below it."""
    for gone in paths:
        folder, _, name = gone.rpartition("/")
        found = layers.merge([map(file, paths), [file(f"{folder}/.wh.{name}".strip("/"))]])
        assert not [path for path in found if path == gone or path.startswith(f"{gone}/")]
