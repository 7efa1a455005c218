"""Layers: streams of tar into files with modes and owners, and several of them into the root file system they make.

One file's content is in memory at a time, and given to whoever looks. Knows the tar format's corners that matter here:
whiteouts, hard links, extended attributes. Nothing is ever written to a disk.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from tools.image.errors import ImageUnreadable

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
XATTR = "SCHILY.xattr."
KINDS = {
    tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hard link",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """One entry of a layer, of whatever kind."""

    path: str
    """From the root, without a slash in front: `usr/bin/python3`."""
    kind: str
    """`file`, `folder`, `link`, `hard link`, or `device` for all else."""
    mode: int
    """With setuid, setgid and sticky."""
    uid: int
    gid: int
    size_bytes: int = 0
    sha256: str = ""
    target: str = ""
    """Of links."""
    mtime_s: float = 0.0
    xattrs: Mapping[str, str] = field(default_factory=dict)


Look = Callable[[File, bytes], None]
"""Is shown each regular file with its content."""


def _pass(_file: File, _content: bytes) -> None:
    pass


def read(stream: IO[bytes], media_type: str, look: Look = _pass) -> tuple[File, ...]:
    """All entries of a layer, in their order."""
    with _unpacked(stream, media_type) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as tar:
        return tuple(_entries(tar, look))


def _unpacked(stream: IO[bytes], media_type: str) -> IO[bytes]:
    if media_type.endswith(("+gzip", ".gzip")):
        return gzip.GzipFile(fileobj=stream)  # type: ignore[return-value]
    if media_type.endswith(".tar"):
        return stream
    raise ImageUnreadable(f"a layer of type {media_type}: tar and tar with gzip can be read here")


def _entries(tar: tarfile.TarFile, look: Look) -> Iterator[File]:
    for info in tar:
        content = b""
        if info.isreg():
            opened = tar.extractfile(info)
            content = opened.read() if opened else b""
        entry = File(
            path=normal(info.name),
            kind=KINDS.get(info.type, "device"),
            mode=info.mode & 0o7777,
            uid=info.uid,
            gid=info.gid,
            size_bytes=info.size if info.isreg() else 0,
            sha256=hashlib.sha256(content).hexdigest() if info.isreg() else "",
            target=info.linkname,
            mtime_s=info.mtime,
            xattrs={k.removeprefix(XATTR): v for k, v in info.pax_headers.items() if k.startswith(XATTR)},
        )
        if info.isreg():
            look(entry, content)
        yield entry


def normal(name: str) -> str:
    """`./usr//bin/` -> `usr/bin`; the root itself is the empty text."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def merge(layers: Iterable[Iterable[File]]) -> dict[str, File]:
    """Path -> file of the root file system that the layers make, lowest first."""
    root: dict[str, File] = {}
    for layer in layers:
        entries = list(layer)
        for entry in entries:
            _hide(root, entry.path)
        for entry in entries:
            if is_whiteout(entry.path):
                continue
            known = root.get(entry.path)
            if known is not None and known.kind == "folder" and entry.kind != "folder":
                _remove_below(root, entry.path)
            root[entry.path] = entry
    return root


def is_whiteout(path: str) -> bool:
    """Whether an entry says that something of the layers below is gone."""
    return path.rpartition("/")[2].startswith(WHITEOUT)


def unpacked_bytes(files: Iterable[File]) -> int:
    """What the content of the files takes on a disk, but for its blocks; hard links take nothing."""
    return sum(file.size_bytes for file in files)


def _hide(root: dict[str, File], path: str) -> None:
    folder, _, name = path.rpartition("/")
    if name == OPAQUE:
        _remove_below(root, folder)
    elif name.startswith(WHITEOUT):
        gone = f"{folder}/{name.removeprefix(WHITEOUT)}" if folder else name.removeprefix(WHITEOUT)
        root.pop(gone, None)
        _remove_below(root, gone)


def _remove_below(root: dict[str, File], folder: str) -> None:
    prefix = f"{folder}/" if folder else ""
    for path in [p for p in root if p.startswith(prefix) and p]:
        del root[path]
