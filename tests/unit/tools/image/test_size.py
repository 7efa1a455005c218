"""Sizes are judged by their limits, and shown beside those of others."""

import pytest

from tests.unit.tools.image.made import REF, Registry, file, layer
from tools.image import reading, registry, size
from tools.image.size import Measured
from tools.image.variants import Peer, Sizes, Variant

SIZES = Sizes(
    variants={"cpu": Variant(compressed_mb=60, unpacked_mb=180), "cuda": Variant(compressed_mb=150, is_long=True)},
    peers=(Peer(name="other", unpacked_mb=3300, source="somewhere", date="2025-03"),),
    pieces={"hf_xet": "plain HTTP"},
)


@pytest.mark.parametrize(
    ("compressed", "unpacked", "num_findings"),
    [(60_000_000, 180_000_000, 0), (60_000_001, 1, 1), (1, 180_000_001, 1), (10**9, 10**9, 2)],
)
def test_a_limit_is_the_most_that_is_allowed(compressed: int, unpacked: int, num_findings: int) -> None:
    """Exactly as much is well."""
    assert len(size.over(Measured("cpu", compressed, unpacked), SIZES.variants["cpu"])) == num_findings


def test_a_size_without_a_limit_is_told_only() -> None:
    """The cuda variant here has none for what is unpacked."""
    assert size.over(Measured("cuda", 1, 10**12), SIZES.variants["cuda"]) == []


def test_the_table_has_a_line_for_each_variant_and_each_peer() -> None:
    """One that was not built says how to build it."""
    shown = size.table({"cpu": Measured("cpu", 61_000_000, 170_000_000)}, SIZES, ["cpu", "cuda"])
    lines = [line.split() for line in shown.splitlines()]
    assert lines[1] == ["cpu", "61.0", "60", "170.0", "180", "OVER"]
    assert shown.splitlines()[2].endswith("not built here: make image-cuda")
    assert lines[3] == ["other", "-", "3300", "somewhere,", "2025-03"]


def test_pieces_are_named_with_what_it_takes_to_do_without_them() -> None:
    """Measured on an image as it is read."""
    made = Registry()
    files = [
        file("venv/lib/python3.11/site-packages/hf_xet/hf_xet.abi3.so", size_bytes=2_000_000),
        file("usr/bin/x", size_bytes=10),
    ]
    made.push("1", [layer(files)], {"history": [{"created_by": "COPY /venv /venv # buildkit"}]})
    shown = size.details("cpu", reading.read(made.client(), registry.parse(REF)), SIZES)
    assert "COPY /venv /venv " in shown
    [line] = [line for line in shown.splitlines() if line.startswith("hf_xet")]
    assert line.split() == ["hf_xet", "1", "2.0", "plain", "HTTP"]
    assert "all else" in shown
