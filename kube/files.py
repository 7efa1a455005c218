"""Files, folders and standard input -> the objects in them. The only module of the pack that reads files.

All that is wrong is told together. Nothing is judged then: a rule that looks at all objects can't say what is missing
while one file could not be read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from kube import sources
from kube.errors import SourceError
from kube.sources import Source

STDIN = "-"
SUFFIXES = frozenset({".yaml", ".yml", ".json"})
"""What is looked at in a folder. A file that is named may have any name."""
MAX_BYTES = 64 * 2**20


def read(names: Iterable[str], stdin: BinaryIO) -> Source:
    """All objects of all files; SourceError where one can't be read, or where there is no object at all."""
    parts: list[Source] = []
    problems: list[str] = []
    wanted = list(dict.fromkeys(names))
    for path in _each_once(path for name in wanted for path in _files(name, problems)):
        try:
            text = text_of("stdin", stdin) if path == STDIN else text_of(path)
            parts.append(sources.read(text, "stdin" if path == STDIN else path))
        except SourceError as error:
            problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
    found = Source(tuple(o for part in parts for o in part.objects), tuple(n for part in parts for n in part.notes))
    if not found.objects:
        notes = [f"{note.origin}: {note.message}" for note in found.notes]
        raise SourceError("\n".join([f"{', '.join(wanted)}: no Kubernetes object to judge", *notes]))
    return found


def _files(name: str, problems: list[str]) -> Iterator[str]:
    """The file itself, or the manifests below a folder; hidden ones are left out."""
    if name == STDIN or not stat.S_ISDIR(_mode(name)):
        yield name
        return
    unread: list[str] = []
    below = sorted(_below(name, unread))
    problems += unread
    if not below and not unread:
        problems.append(f"{name}: no file in this folder ends with {', '.join(sorted(SUFFIXES))}")
    yield from map(str, below)


def _below(folder: str, unread: list[str]) -> Iterator[Path]:
    """The manifests. A folder that can't be read is a problem: its objects would be missing in silence."""

    def note(error: OSError) -> None:
        unread.append(f"{error.filename}: can't be read: {error.strerror}")

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for path in (Path(parent, each) for each in names if not each.startswith(".")):
            # Pipes and devices have no end. What can't be looked at is told when it is read.
            if path.suffix.lower() in SUFFIXES and stat.S_IFMT(_mode(path)) in (stat.S_IFREG, 0):
                yield path


def _mode(path: str | Path) -> int:
    """What the path leads to, as the system says it; 0 where it leads nowhere, or where one may not look."""
    try:
        return Path(path).stat().st_mode
    except (OSError, ValueError):
        return 0


def _each_once(paths: Iterable[str]) -> Iterator[str]:
    """Without those that another name has named already, such as a folder and a file in it."""
    seen: set[str] = set()
    for path in paths:
        place = path if path == STDIN else os.path.realpath(path) if "\0" not in path else path
        if place not in seen:
            seen.add(place)
            yield path


def text_of(name: str, stdin: BinaryIO | None = None) -> str:
    """The text of a file; SourceError where it can't be read, is too large or no text."""
    try:
        if stdin is not None:
            content = stdin.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SourceError(f"{name}: can't be read: {what}") from None
    if len(content) > MAX_BYTES:
        raise SourceError(f"{name}: larger than {MAX_BYTES // 2**20} MiB: split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError(f"{name}:{line}: not text: byte {error.start} is no UTF-8") from None
