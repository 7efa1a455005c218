"""What the child that pulls tells the server, one JSON object a line."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from serve import errors
from serve.errors import RequestError
from serve.pulls.types import PullState

MAX_BYTES = 1024 * 1024

_KINDS: dict[str, type[RequestError]] = {
    kind.__name__: kind
    for kind in (
        errors.InvalidRequestError,
        errors.ModelNotFoundError,
        errors.UnauthorizedError,
        errors.ForbiddenError,
        errors.ConflictError,
        errors.HubError,
        errors.NoSpaceError,
        errors.RateLimitError,
        RequestError,
    )
}


@dataclass(frozen=True, slots=True)
class Report:
    """Where the child is. `files` and `total_bytes` are told as soon as the hub has said them, and from then on."""

    state: PullState
    done_bytes: int = 0
    total_bytes: int = 0
    files: tuple[str, ...] = ()
    message: str = ""
    error: str = ""  # of a failure: its kind
    retry_after_s: int | None = None

    def failure(self) -> RequestError:
        """Of one that says `failed`."""
        return _KINDS.get(self.error, RequestError)(self.message, retry_after_s=self.retry_after_s)


def failed(error: RequestError) -> Report:
    """An error as a report; of a kind that the server would not know, what it is one of."""
    kind = next(each.__name__ for each in type(error).__mro__ if each.__name__ in _KINDS)
    return Report(PullState.FAILED, message=str(error), error=kind, retry_after_s=error.retry_after_s)


def encode(report: Report) -> bytes:
    """One line."""
    return msgspec.json.encode(report) + b"\n"


def decode(line: bytes) -> Report:
    """Of one line; ValueError for what is none."""
    return msgspec.json.decode(line, type=Report)
