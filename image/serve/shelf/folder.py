"""The models directory: which models its files are. Looks at names, sizes and times, and never into a file.

What a name may be is decided here, so that nothing outside the directory can be meant: a plain name, of a regular file
that lies in the directory itself, also after links were followed. A model in several files (`-00001-of-00003.gguf`) is
there when all of them are.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from serve.supervision.ports import Found, Seen
from serve.weights import partial_path

# Nobody writes to a partial file for so long without having given up.
PULL_STALE_S = 60.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.gguf")
_PART = re.compile(r"(?P<stem>.+)-(?P<index>\d{5})-of-(?P<count>\d{5})\.gguf")
_MOST_PARTS = 1000
# What llama.cpp's own tools call the eyes and ears of a model, which are no model.
_NO_MODEL = ("mmproj", "ggml-vocab-")


def parts(file: str) -> tuple[str, ...]:
    """All files of a model, of which one is named."""
    match = _PART.fullmatch(file)
    count = int(match["count"]) if match else 0
    if match is None or not 0 < int(match["index"]) <= count <= _MOST_PARTS:
        return (file,)
    return tuple(f"{match['stem']}-{index:05}-of-{count:05}.gguf" for index in range(1, count + 1))


def model_id(file: str) -> str:
    """What a discovered model is called: as its file, in small letters."""
    match = _PART.fullmatch(file)
    stem = file.removesuffix(".gguf") if match is None else match["stem"]
    return stem.lower().replace("_", "-")


def seen(folder: Path, file: str) -> Seen | None:
    """The whole file with all its parts, or None. Links may lead anywhere here: whoever configures may make them."""
    found = [_stat(folder / name) for name in parts(file)]
    there = [each for each in found if each is not None and stat.S_ISREG(each.st_mode)]
    if len(there) < len(found):
        return None
    return Seen(int(max(each.st_mtime for each in there)), sum(each.st_size for each in there))


def is_pulling(folder: Path, file: str) -> bool:
    """Was a partial file of it written to a short time ago?"""
    return any(_is_fresh(partial_path(folder / name)) for name in parts(file))


def scan(folder: Path) -> list[Found]:
    """All models, by their names."""
    files = dict(_files(folder))
    found = []
    for name in sorted(files):
        wanted = parts(name)
        if name != wanted[0] or not all(part in files for part in wanted) or is_pulling(folder, name):
            continue
        stats = [files[part] for part in wanted]
        found.append(
            Found(
                file=name,
                files=wanted,
                written_at=int(max(each.st_mtime for each in stats)),
                size_bytes=sum(each.st_size for each in stats),
                print=tuple((each.st_size, each.st_mtime_ns) for each in stats),
            )
        )
    return found


def delete(folder: Path, file: str) -> None:
    """The file with all its parts, the first one last: as long as it is there, the rest can be found again."""
    for name in reversed(parts(file)):
        if _NAME.fullmatch(name):
            (folder / name).unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    root = folder.resolve()
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _NAME.fullmatch(entry.name) or entry.name.startswith(_NO_MODEL):
                continue
            # Not Path.resolve, which raises for a link to itself.
            if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(root):
                continue
            with contextlib.suppress(OSError):  # a link to itself hides no other file
                found = entry.stat()
                if stat.S_ISREG(found.st_mode) and found.st_size:
                    yield entry.name, found


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < PULL_STALE_S
    except OSError:
        return False
