"""One order, from the hub's answer to whole files in a folder: what `python -m serve pull` does.

ask      which files, how large, with which SHA-256
alone    nobody else writes these names, here or on another node
check    what is there and right stays; is there room for the rest?
fill     part by part, hashed on the way
place    all get their names, when all are right: a split model is there or it is not
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serve import weights
from serve.alone import alone
from serve.errors import ConflictError, ForbiddenError, HubError, NoSpaceError, RequestError
from serve.pulls import names
from serve.pulls.hub import Remote
from serve.pulls.lines import Report
from serve.pulls.part import Part
from serve.pulls.transfer import OnProgress, Transfer
from serve.pulls.types import PullOrder, PullState

Tell = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class File:
    """One file of an order: where it comes from, where it goes, what it must be."""

    remote: Remote
    target: Path
    sha256: str


def fetch(order: PullOrder, folder: Path, transfer: Transfer, tell: Tell, *, may_replace: bool) -> None:
    """Do it, or raise RequestError. Interrupted (Ctrl-C), it leaves nothing; killed, what the next one goes on from.

    `may_replace`: a file that is there under the name, and is another one, gives way; else that is a ConflictError.
    """
    _check_folder(folder)
    try:
        if _is_known_and_there(order, folder, tell):
            return
        files = _look(order, folder, transfer)
        teller = _Teller(tell, files)
        teller.tell(PullState.STARTING, 0)
        with contextlib.ExitStack() as stack:
            for file in files:
                stack.enter_context(alone(file.target, teller.waits))
            _fetch(files, folder, transfer, teller, may_replace=may_replace)
        teller.tell(PullState.COMPLETE, teller.total_bytes)
    except OSError as error:
        raise _disk_error(folder, error) from error


def _is_known_and_there(order: PullOrder, folder: Path, tell: Tell) -> bool:
    """With a SHA-256 of ours, what is there need not be asked about."""
    target = folder / (order.stored or names.stored_name(order.file))
    if order.sha256 is None or not weights.is_right(target, order.sha256):
        return False
    size = target.stat().st_size
    tell(Report(PullState.COMPLETE, size, size, (target.name,)))
    return True


def _look(order: PullOrder, folder: Path, transfer: Transfer) -> list[File]:
    if names.is_pattern(order.file):
        listed = transfer.ask(lambda hub: hub.files(order.repo, order.revision))
        wanted = names.chosen(order.file, listed)
    else:
        wanted = names.parts(order.file)
    revision, files = order.revision, []
    for path in wanted:
        remote = _remote(transfer, order.repo, revision, path)
        revision = remote.revision  # all parts of one commit
        target = folder / (order.stored or names.stored_name(path))
        files.append(File(remote, target, _sha256(remote, order.sha256)))
    return files


def _remote(transfer: Transfer, repo: str, revision: str, path: str) -> Remote:
    return transfer.ask(lambda hub: hub.look(repo, revision, path))


def _sha256(remote: Remote, wanted: str | None) -> str:
    """Nothing unchecked is ever served. What the hub says is wrong need not be downloaded to know it."""
    if wanted is None and remote.sha256 is None:
        raise HubError(f"{remote.source} has no SHA-256 on the hub: name one (sha256)")
    if wanted and remote.sha256 and wanted != remote.sha256:
        raise HubError(f"{remote.source} has the SHA-256 {remote.sha256}: {wanted} is wanted")
    return str(wanted or remote.sha256)


def _fetch(files: Sequence[File], folder: Path, transfer: Transfer, teller: _Teller, *, may_replace: bool) -> None:
    missing, looked_at_bytes = [], 0
    for file in files:
        if not _is_there(file, teller.hashing(looked_at_bytes), may_replace=may_replace):
            missing.append(file)
        looked_at_bytes += file.remote.size_bytes
    there_bytes = teller.total_bytes - sum(file.remote.size_bytes for file in missing)
    with contextlib.ExitStack() as stack:
        parts: list[Part] = []
        for file in missing:
            parts.append(Part(file.target, file.sha256, file.remote.size_bytes))
            stack.callback(parts[-1].close)
        try:
            _check_room(folder, sum(part.size_bytes - part.done_bytes for part in parts))
            for file, part in zip(missing, parts, strict=True):
                others_bytes = there_bytes + sum(each.done_bytes for each in parts if each is not part)
                # Of the parts before the last one nothing is told: the hash is never far behind the bytes.
                on_hashed = teller.hashing(others_bytes) if part is parts[-1] else _nothing
                transfer.fill(part, file.remote, teller.downloading(others_bytes), on_hashed)
        except (KeyboardInterrupt, RequestError, OSError) as error:
            # What could be gone on from stays; but a full disk is in everybody's way.
            is_unwanted = isinstance(error, KeyboardInterrupt) or _is_full(error)
            for part in parts:
                if is_unwanted or not part.done_bytes:
                    part.discard()
            raise
        for part in reversed(parts):  # whoever looks for a split model looks for its first part
            part.place()


def _is_there(file: File, on_hashed: OnProgress, *, may_replace: bool) -> bool:
    if weights.is_right(file.target, file.sha256, on_hashed):
        return True
    if os.path.lexists(file.target) and not may_replace:
        raise ConflictError(f"{file.target.name} is there, and is another file: remove that model first")
    return False


def _check_folder(folder: Path) -> None:
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ForbiddenError(f"{folder} can't be written to: this server's models come from elsewhere")


def _check_room(folder: Path, wanted_bytes: int) -> None:
    if lack := weights.lack_of_room(folder, wanted_bytes):
        raise NoSpaceError(lack)


def _disk_error(folder: Path, error: OSError) -> RequestError:
    if _is_full(error):
        return NoSpaceError(f"{folder} became full in the middle: what was written is removed")
    return RequestError(f"{folder} can't be written to: {error.strerror or error}")


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


class _Teller:
    """Tells where a fetch is, with what never changes: its files and their size."""

    def __init__(self, tell: Tell, files: Sequence[File]) -> None:
        self._tell = tell
        self._files = tuple(file.target.name for file in files)
        self.total_bytes = sum(file.remote.size_bytes for file in files)

    def tell(self, state: PullState, done_bytes: int, message: str = "") -> None:
        self._tell(Report(state, done_bytes, self.total_bytes, self._files, message))

    def waits(self) -> None:
        self.tell(PullState.STARTING, 0, "another process writes the same file: waiting for it")

    def downloading(self, others_bytes: int) -> OnProgress:
        return lambda done: self.tell(PullState.DOWNLOADING, others_bytes + done)

    def hashing(self, others_bytes: int) -> OnProgress:
        return lambda done: self.tell(PullState.VERIFYING, others_bytes + done)


def _nothing(_: int) -> None:
    """Is told."""
