"""image/sizes.yaml names stages that there are, and a wrong one is said."""

from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.image import variants
from tools.image.errors import UnknownVariant


def test_the_file_has_the_promised_limits() -> None:
    """They are the requirement; a larger image changes the image, not the file."""
    found = variants.load().variants
    limits = {name: (found[name].compressed_mb, found[name].unpacked_mb) for name in ("cpu", "cuda", "cuda-cublas")}
    assert limits == {"cpu": (60, 180), "cuda": (150, 350), "cuda-cublas": (550, None)}


def test_peers_have_a_source_and_a_date_and_at_least_one_size() -> None:
    """A number without them is hearsay."""
    for peer in variants.load().peers:
        assert peer.compressed_mb or peer.unpacked_mb
        assert peer.source
        assert peer.date.startswith("20")


def test_an_unknown_variant_is_refused_with_all_that_there_are() -> None:
    """One line."""
    with pytest.raises(UnknownVariant, match=r"'gpu' is no variant of the image; there are cpu, cuda"):
        variants.load().variant("gpu")


def test_a_wrong_value_is_named(tmp_path: Path) -> None:
    """With its place in the file."""
    (tmp_path / "sizes.yaml").write_text("variants: {cpu: {compressed_mb: -1}}")
    with pytest.raises(ToolError, match=r"variants.cpu.compressed_mb: Input should be greater than 0"):
        variants.load(tmp_path / "sizes.yaml")
