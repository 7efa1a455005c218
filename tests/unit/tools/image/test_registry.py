"""What is read is what was promised, for the platform that was asked for."""

import gzip

import pytest

from tests.unit.tools.image.made import GZIP, INDEX, MANIFEST, REF, Registry, digest
from tools.image import registry
from tools.image.errors import ImageUnreadable
from tools.image.registry import Blob


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("127.0.0.1:5000/a/b:cpu", "cpu"),
        ("localhost:5000/a/b", "latest"),
        (f"127.0.0.1:5000/a/b:cpu@sha256:{'0' * 64}", f"sha256:{'0' * 64}"),
    ],
)
def test_a_reference_has_a_registry_a_repository_and_a_version(text: str, version: str) -> None:
    """Where a tag and a digest are given, the digest counts."""
    found = registry.parse(text)
    assert (found.repository, found.version) == ("a/b", version)


@pytest.mark.parametrize("text", ["debian", "ghcr.io/a:b", "127.0.0.1:5000/", "127.0.0.1:5000/a@sha256:12"])
def test_what_is_no_reference_is_refused_with_what_is_allowed(text: str) -> None:
    """Also a name whose registry would have to be guessed."""
    with pytest.raises(ImageUnreadable, match="HOST:PORT/REPOSITORY"):
        registry.parse(text)


def test_the_size_is_that_of_all_blobs_each_once() -> None:
    """A layer that occurs twice is pulled once."""
    made = Registry()
    made.push("1", [b"one", b"two", b"one"])
    found = registry.manifest(made.client(), registry.parse(REF))
    assert found.compressed_bytes == sum(map(len, made.blobs.values()))
    assert len(found.layers) == 3


def test_an_index_gives_the_image_of_the_platform_never_an_attestation() -> None:
    """BuildKit's attestations are manifests of an unknown platform beside the image."""
    made = Registry()
    wanted, other = made.push("amd", [b"amd"]), made.push("arm", [b"arm"])
    entries = [(other, "linux", "arm64"), (other, "unknown", "unknown"), (wanted, "linux", "amd64")]
    described = [{"digest": d, "mediaType": MANIFEST, "platform": {"os": o, "architecture": a}} for d, o, a in entries]
    made.tag("1", {"mediaType": INDEX, "manifests": described})
    http = made.client()
    assert registry.manifest(http, registry.parse(REF)).digest == wanted
    with pytest.raises(ImageUnreadable, match="no image for linux/s390x; there is linux/amd64, linux/arm64"):
        registry.manifest(http, registry.parse(REF), ("linux", "s390x"))


def test_a_blob_with_other_content_is_an_error_even_when_the_reader_stops_early() -> None:
    """The digest is of all bytes, also of those that nobody wanted."""
    made = Registry()
    right = gzip.compress(b"right")
    made.blobs[digest(right)] = b"wrong"
    blob = Blob(digest(right), len(right), GZIP)
    with (
        pytest.raises(ImageUnreadable, match="has the content of"),
        registry.blob(made.client(), registry.parse(REF), blob) as stream,
    ):
        assert stream.read(1) == b"w"


def test_an_image_that_is_not_there_is_one_line_with_its_address() -> None:
    """The registry's answer is told."""
    with pytest.raises(ImageUnreadable, match=r"127.0.0.1:5000/made:1: http://.* answers 404"):
        registry.manifest(Registry().client(), registry.parse(REF))
