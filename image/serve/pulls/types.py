"""What is asked of a pull and what it tells. Values only; nothing here knows the hub, HTTP or processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PullState(StrEnum):
    """Where a pull is."""

    STARTING = "starting"  # the hub is asked what there is, or another process writes the same file
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"  # all bytes are here; their SHA-256 is being computed
    DISCOVERED = "discovered"  # the file has its name, and the models that it makes are known
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Does nothing come after it?"""
        return self in (PullState.COMPLETE, PullState.FAILED, PullState.CANCELLED)


@dataclass(frozen=True, slots=True)
class PullOrder:
    """Which file. `file` is a path in the repository, or a pattern (`*Q4_K_M*.gguf`) that only one model there fits.

    Any part of a split model means all its parts. `sha256` and `stored` are for a single file; None: the hub's own
    record decides, and the file keeps its name.
    """

    repo: str
    file: str
    revision: str = "main"
    sha256: str | None = None
    stored: str | None = None  # its name in the models directory


@dataclass(frozen=True, slots=True)
class PullStatus:
    """One pull right now. Bytes are those of all parts, with what was there from an earlier try.

    While it verifies, `done_bytes` are those that are hashed. `eta_s` and `bytes_per_s` are 0 where they are not known.
    """

    id: str
    order: PullOrder
    state: PullState
    done_bytes: int
    total_bytes: int  # 0: not yet known
    bytes_per_s: float
    eta_s: float
    message: str  # why it waits, or why it failed
    models: tuple[str, ...]  # ids of the models that it made, from `discovered` on
    started_at: float  # seconds since 1970, to be shown; durations are measured on a clock that does not jump
    files: tuple[str, ...] = ()  # their names in the models directory, as soon as the hub has told them
