"""The words of histories: whose they are, what they are made of, how large they may grow."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serve.errors import InvalidRequestError

MAX_USER_CHARS = 128
# What programs use to tell users apart: names, numbers, UUIDs, addresses, "auth0|5f7c". Nothing that means a path.
USER_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._~@:+|=-]{0,127}"
_USER = re.compile(USER_PATTERN)
# Names that the API has under the same path: they are its own routes, never users.
TAKEN = frozenset({"completions"})


@dataclass(frozen=True, slots=True)
class Owner:
    """A user of one API key. Where there are no keys, `key` is empty; users of different keys never meet."""

    key: str
    user: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer. `number` counts a user's turns from 0, those that are gone included."""

    question: str
    answer: str
    model: str
    at: float  # seconds since 1970
    number: int = 0

    @property
    def num_bytes(self) -> int:
        """What counts against the bounds."""
        return len(self.question.encode()) + len(self.answer.encode())


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept. Beyond it the oldest goes first: a user's oldest turns, then users who said nothing longest."""

    num_turns: int = 200  # of a user
    user_bytes: int = 256 * 1024  # of a user
    num_users: int = 10_000
    total_bytes: int = 256 * 1024**2


def owner_of(key: str, user: str) -> Owner:
    """Checks the user's id, which comes from a path."""
    if not _USER.fullmatch(user) or user in TAKEN:
        shown = user if len(user) <= 80 else f"{user[:77]}..."
        raise InvalidRequestError(
            f"the user id is {shown!r}: 1 to {MAX_USER_CHARS} letters, digits and . _ ~ @ : + | = - are allowed, "
            "beginning with a letter or digit, and not 'completions'",
            param="user_id",
        )
    return Owner(key, user)
