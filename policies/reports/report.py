"""What a check has found, as one value that every format renders, and what of it fails the check.

Knows verdicts and where they are; knows no format.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum

from kube.printable import printable
from kube.sources import Note
from policies.evaluate import Verdict
from policies.rule import Rule
from policies.settings import Level

_RANKS = {Level.DISABLED: 0, Level.ADVISORY: 1, Level.MANDATORY: 2, Level.REMEDIATE: 2}
_URN = "#urn:pulumi:"


class FailOn(StrEnum):
    """From which level on a violation fails the check."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    NEVER = "never"


class Status(StrEnum):
    """What a verdict is."""

    VIOLATION = "violation"
    UNKNOWN = "unknown"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a verdict is; a part that is not known is empty."""

    file: str
    line: int | None
    urn: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a format may show."""

    verdicts: tuple[Verdict, ...]
    notes: tuple[Note, ...]
    notices: tuple[str, ...]
    """What is to be told of the settings, such as waivers that are not needed."""
    rules: tuple[Rule, ...]
    """Those that were asked."""
    num_objects: int
    today: datetime.date
    fail_on: FailOn = FailOn.MANDATORY
    is_strict: bool = False
    """Whether what is not known counts as a violation."""

    def status(self, verdict: Verdict) -> Status:
        """Waived wins; a waiver that has expired is none."""
        if verdict.waiver is not None and self.today <= verdict.waiver.expires:
            return Status.WAIVED
        return Status.UNKNOWN if verdict.undecided else Status.VIOLATION

    def fails(self, verdict: Verdict) -> bool:
        """Whether this verdict alone fails the check."""
        status = self.status(verdict)
        if self.fail_on is FailOn.NEVER or status is Status.WAIVED or (status is Status.UNKNOWN and not self.is_strict):
            return False
        return _RANKS[verdict.level] >= _RANKS[Level(self.fail_on.value)]

    @property
    def is_failed(self) -> bool:
        """Whether anything fails the check."""
        return any(map(self.fails, self.verdicts))

    def count(self, status: Status, level: Level | None = None) -> int:
        """How many verdicts have the status, and the level if one is named."""
        return sum(
            self.status(verdict) is status and (level is None or verdict.level is level) for verdict in self.verdicts
        )


def title_of(verdict: Verdict) -> str:
    """`Deployment slipway/gemma`."""
    target = verdict.object
    return printable(f"{target.kind} {target.namespace}/{target.name or '(no name)'}")


def place_of(verdict: Verdict) -> Place:
    """The file and the line of the field itself where they are known, else those of its object."""
    origin, find_line = verdict.object.origin, verdict.object.find_line
    file, is_resource, urn = origin.partition(_URN)
    if is_resource:
        return Place(file, None, _URN[1:] + urn)
    if origin.startswith(_URN[1:]):
        return Place("", None, origin)
    file, _, line = origin.rpartition(":")
    if not line.isdecimal():
        return Place(origin, None, "")
    return Place(file, find_line(verdict.path) if find_line else int(line), "")


def sentence_of(verdict: Verdict) -> str:
    """`spec.replicas: must be 2`; without a path where it is the whole object."""
    return printable(f"{verdict.path}: {verdict.message}" if verdict.path else verdict.message)
