"""What several runs of pytest came to, told once more after the last of them.

A log of all tests is long, runs end in another order than they began, and who looks at a log that failed (a page of CI,
often the tail alone) looks at its end. This reads pytest's JUnit reports and says which tests failed and by what, a
few lines for each. What else a test printed stands above, where it failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

NUM_MESSAGE_CHARS = 300
"""Of what a test failed by. Enough for an assertion with both its sides; the whole of it stands above."""
NUM_TOLD = 20
NOT_COLLECTED = "collection failure"
"""As pytest words it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed: the name that pytest takes to run it again, and what it failed by."""

    test_id: str
    message: str


def options(report: Path) -> list[str]:
    """What makes pytest write `report`. The older of its two forms is the one that says files."""
    return [f"--junitxml={report}", "-o", "junit_family=xunit1"]


def failures(report: Path) -> list[Failure]:
    """The tests of a report that failed or could not be set up; none where pytest wrote no report, or half of one."""
    try:
        cases = ElementTree.parse(report).getroot().iter("testcase")  # noqa: S314 (by our own pytest)
    except (FileNotFoundError, ElementTree.ParseError):
        return []
    return [_failure(case, found) for case in cases for found in case if found.tag in ("failure", "error")]


def told(failed: Sequence[Failure]) -> str:
    """The last words on them; empty when there are none."""
    if not failed:
        return ""
    lines = [f"{len(failed)} failed:"]
    for failure in failed[:NUM_TOLD]:
        lines += [f"  {failure.test_id}", *(f"    {line}" for line in failure.message.splitlines())]
    if len(failed) > NUM_TOLD:
        lines.append(f"  and {len(failed) - NUM_TOLD} more")
    return "\n".join(lines)


def _failure(case: ElementTree.Element, found: ElementTree.Element) -> Failure:
    file, message = case.get("file", ""), found.get("message", "")
    if message == NOT_COLLECTED:  # it can't be imported, say: the end of the traceback tells more
        return Failure(file, _short(((found.text or "").strip() or message).splitlines()[-1]))
    classes = case.get("classname", "").removeprefix(file.removesuffix(".py").replace("/", ".")).split(".")
    return Failure("::".join(part for part in [file, *classes, case.get("name", "")] if part), _short(message))


def _short(message: str) -> str:
    return message if len(message) <= NUM_MESSAGE_CHARS else message[:NUM_MESSAGE_CHARS] + " ..."
