"""The sizes of the images beside their limits and beside others, as tables for people. Pure.

A megabyte is 10^6 bytes, as registries and disks count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.image import pieces
from tools.image.reading import Image
from tools.image.variants import Peer, Sizes, Variant

MB = 1_000_000
LARGE_BYTES = 1 * MB
"""Smaller pieces are told as one."""
NOT_BUILT, LONG = "not built here", "not built here: make image-cuda"
MAX_STEP_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Measured:
    """A variant's image as it lies in the registry."""

    name: str
    compressed_bytes: int
    unpacked_bytes: int

    @classmethod
    def of(cls, name: str, image: Image) -> Measured:
        """Its two sizes."""
        return cls(name, image.compressed_bytes, image.unpacked_bytes)


def over(measured: Measured, limits: Variant) -> list[str]:
    """What is too large, in words; nothing where all is well."""
    found = []
    for what, num_bytes, limit_mb in (
        ("compressed", measured.compressed_bytes, limits.compressed_mb),
        ("unpacked", measured.unpacked_bytes, limits.unpacked_mb),
    ):
        if limit_mb is not None and num_bytes > limit_mb * MB:
            found.append(f"{measured.name}: {_mb(num_bytes)} MB {what}, at most {limit_mb:g} are allowed")
    return found


def table(measured: Mapping[str, Measured], sizes: Sizes, names: Sequence[str]) -> str:
    """One line a variant, then one a peer."""
    lines: list[tuple[str, ...]] = [("variant", "compressed MB", "at most", "unpacked MB", "at most", "")]
    lines += [_line(name, measured.get(name), sizes.variants[name]) for name in names]
    lines += [_peer(peer) for peer in sizes.peers]
    return columns(lines)


def _line(name: str, found: Measured | None, limits: Variant) -> tuple[str, ...]:
    allowed = [f"{limit:g}" if limit else "" for limit in (limits.compressed_mb, limits.unpacked_mb)]
    if found is None:
        return (name, "-", allowed[0], "-", allowed[1], LONG if limits.is_long else NOT_BUILT)
    verdict = "OVER" if over(found, limits) else "ok"
    return (name, _mb(found.compressed_bytes), allowed[0], _mb(found.unpacked_bytes), allowed[1], verdict)


def _peer(peer: Peer) -> tuple[str, ...]:
    shown = [f"{size:g}" if size else "-" for size in (peer.compressed_mb, peer.unpacked_mb)]
    return (peer.name, shown[0], "", shown[1], "", f"{peer.source}, {peer.date}")


def details(name: str, image: Image, sizes: Sizes) -> str:
    """The layers of one image, then its larger pieces with what it would take to do without them."""
    steps = [(f"{name}: layer", "compressed MB", "unpacked MB")]
    steps += [(text[:MAX_STEP_LENGTH], _mb(small), _mb(large)) for text, small, large in pieces.by_layer(image)]
    found = pieces.of(image.root.values(), LARGE_BYTES)
    parts = [(f"{name}: piece", "files", "unpacked MB", "to do without it")]
    parts += [(p.name, str(p.num_files), _mb(p.num_bytes), sizes.pieces.get(p.name, "")) for p in found]
    return f"{columns(steps)}\n\n{columns(parts)}"


def columns(lines: Sequence[Sequence[str]]) -> str:
    """Aligned; numbers to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(_aligned(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
                     for line in lines)  # fmt: skip


def _aligned(cell: str, width: int) -> str:
    return cell.rjust(width) if cell.replace(".", "", 1).isdigit() or cell == "-" else cell.ljust(width)


def _mb(num_bytes: int) -> str:
    return f"{num_bytes / MB:.1f}"
