"""An image in a folder is read as one in a registry."""

import gzip
import json
from pathlib import Path

import pytest

from tests.unit.tools.image.made import INDEX, REF, Registry, file, layer
from tools.image import reading, registry
from tools.image.errors import ImageUnreadable


def laid_out(folder: Path, made: Registry, manifest: str) -> str:
    """The registry's content as a layout; the reference to it."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for name, content in (made.blobs | {k: v for k, v in made.manifests.items() if ":" in k}).items():
        (blobs / name.removeprefix("sha256:")).write_bytes(content)
    (folder / "index.json").write_text(json.dumps({"manifests": [{"digest": manifest}]}))
    return f"oci:{folder}"


@pytest.mark.parametrize("name", ["image", "An Image, 100% & more?"])
def test_a_layout_gives_what_the_registry_gives(tmp_path: Path, name: str) -> None:
    """Whatever its folder is called."""
    made = Registry()
    digest_of_it = made.push("1", [layer([file("a", size_bytes=3)])], {"config": {"User": "1"}})
    with made.client() as http:
        expected = reading.read(http, registry.parse(REF))
    ref = laid_out(tmp_path / name, made, digest_of_it)
    with registry.client() as http:
        found = reading.read(http, registry.parse(ref))
    assert (found.digest, found.compressed_bytes, found.config, found.root) == (
        expected.digest, expected.compressed_bytes, expected.config, expected.root
    )  # fmt: skip


def test_of_an_index_with_attestations_the_image_is_read_whatever_its_platform(tmp_path: Path) -> None:
    """A layout that was built for another machine is judged here, too."""
    made = Registry()
    image, about = made.push("arm", [b"arm"]), made.push("sbom", [b"sbom"])
    platforms = {image: {"os": "linux", "architecture": "arm64"}, about: {"os": "unknown", "architecture": "unknown"}}
    index = made.tag(
        "1", {"mediaType": INDEX, "manifests": [{"digest": d, "platform": p} for d, p in platforms.items()]}
    )
    with registry.client() as http:
        assert registry.manifest(http, registry.parse(laid_out(tmp_path, made, index))).digest == image


def test_a_blob_that_is_not_what_its_name_says_is_an_error(tmp_path: Path) -> None:
    """A disk can lie as a registry can."""
    made = Registry()
    ref = laid_out(tmp_path, made, made.push("1", [layer([file("a")])]))
    [blob] = [name for name in made.blobs if made.blobs[name].startswith(b"\x1f\x8b")]
    (tmp_path / "blobs" / blob.replace(":", "/")).write_bytes(gzip.compress(layer([file("b")])))
    with registry.client() as http, pytest.raises(ImageUnreadable, match=f"blob {blob} has the content of"):
        reading.read(http, registry.parse(ref))


def test_a_folder_without_an_image_is_one_line(tmp_path: Path) -> None:
    """Also one with two of them."""
    with registry.client() as http, pytest.raises(ImageUnreadable, match="answers 404"):
        registry.manifest(http, registry.parse(f"oci:{tmp_path}"))
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:1"}, {"digest": "sha256:2"}]}))
    with registry.client() as http, pytest.raises(ImageUnreadable, match="answers 404"):
        registry.manifest(http, registry.parse(f"oci:{tmp_path}"))
