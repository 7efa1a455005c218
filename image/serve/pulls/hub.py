"""What is asked of a hub, and the shape of its answers. huggingface.py is the real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Remote:
    """One file as the hub has it now. `revision` is a commit where the hub told one, so that it stays this file."""

    repo: str
    revision: str
    file: str
    sha256: str | None  # of the hub's own record; None: it has none, as of small files
    size_bytes: int

    @property
    def source(self) -> str:
        """For a message."""
        return f"{self.repo}@{self.revision}/{self.file}"


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes of a file from `first` on: 0 where the hub does not know ranges. There may come fewer than the rest."""

    first: int
    chunks: Iterator[bytes]


class Hub(Protocol):
    """Raises TemporaryError for what may go well the next time, RequestError for what will not."""

    def look(self, repo: str, revision: str, file: str) -> Remote:
        """What there is, without its bytes."""

    def files(self, repo: str, revision: str) -> tuple[str, ...]:
        """The paths of all files."""

    def read(self, remote: Remote, first: int) -> AbstractContextManager[Stream]:
        """Its bytes from there on. Iterating raises TemporaryError where the connection breaks."""
