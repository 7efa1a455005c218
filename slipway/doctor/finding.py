"""One line of the doctor: what was looked for, what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

FINE: Final = 0
OPTIONAL_LACKS: Final = 1
NEEDED_LACKS: Final = 2


class State(StrEnum):
    """`unsure`: it may be there; the API alone can't tell, or we may not see it."""

    HAS = "has"
    LACKS = "lacks"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Finding:
    """`without`: what the program does without it, in one sentence; `setting`: the key that changes it."""

    id: str
    subject: str
    state: State
    said: str
    without: str = ""
    setting: str = ""
    is_needed: bool = field(default=False, kw_only=True)


def status(findings: Iterable[Finding]) -> int:
    """The exit status: what is needed and unsure is no reason to fail, but none to call it fine either."""
    worst = FINE
    for each in findings:
        if each.state is State.LACKS:
            worst = max(worst, NEEDED_LACKS if each.is_needed else OPTIONAL_LACKS)
        elif each.state is State.UNSURE and each.is_needed:
            worst = max(worst, OPTIONAL_LACKS)
    return worst
