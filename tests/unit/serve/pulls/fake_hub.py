"""A hub that is a function: it has files, and breaks as a test says."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from serve.errors import HubError, ModelNotFoundError
from serve.pulls.hub import Remote, Stream
from serve.pulls.retry import TemporaryError
from serve.pulls.transfer import Transfer

COMMIT = "c0ffee"
STEP = 7


def sha256_of(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class FakeHub:
    """`cuts`: of the next reads, after how many bytes each breaks; None: not at all."""

    contents: Mapping[str, bytes]
    cuts: Sequence[int | None] = ()
    troubles: list[Exception] = field(default_factory=list)  # of the next questions
    read_troubles: list[Exception] = field(default_factory=list)
    knows_ranges: bool = True
    has_sums: bool = True
    sent: Mapping[str, bytes] | None = None  # what is really sent
    on_chunk: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)

    def look(self, repo: str, revision: str, file: str) -> Remote:
        """What there is."""
        self._ask(f"look {revision} {file}")
        if file not in self.contents:
            raise ModelNotFoundError(f"{repo} has no {file}")
        content = self.contents[file]
        return Remote(repo, COMMIT, file, sha256_of(content) if self.has_sums else None, len(content))

    def files(self, repo: str, revision: str) -> tuple[str, ...]:
        """The names."""
        self._ask(f"files {revision}")
        return tuple(self.contents)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.troubles:
            raise self.troubles.pop(0)

    @contextlib.contextmanager
    def read(self, remote: Remote, first: int) -> Iterator[Stream]:
        """From there on, unless it knows no ranges."""
        self.asked.append(f"read {remote.revision} {remote.file}")
        self.firsts.append(first)
        if self.read_troubles:
            raise self.read_troubles.pop(0)
        begin = first if self.knows_ranges else 0
        yield Stream(begin, self._chunks((self.sent or self.contents)[remote.file][begin:]))

    def _chunks(self, content: bytes) -> Iterator[bytes]:
        cut, self.cuts = (self.cuts[0], self.cuts[1:]) if self.cuts else (None, ())
        for at in range(0, len(content) if cut is None else min(cut, len(content)), STEP):
            self.on_chunk()
            yield content[at : min(at + STEP, len(content) if cut is None else cut)]
        if cut is not None and cut < len(content):
            raise broken()


def broken() -> TemporaryError:
    """A connection that broke."""
    return TemporaryError(HubError("the connection broke"))


def transfer_of(hub: FakeHub) -> Transfer:
    """Without a wait."""
    return Transfer(hub, lambda _: None, lambda: 0.5)
