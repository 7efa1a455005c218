"""Two runs of the suite side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.conformance.llama_server.run import Outcome


@dataclass(frozen=True, slots=True)
class Pair:
    """One test, run against both servers."""

    ours: Outcome
    theirs: str

    @property
    def name(self) -> str:
        """With its file."""
        return f"{self.ours.file}::{self.ours.name}"

    @property
    def is_ours_alone(self) -> bool:
        """Do we fail what llama-server passes?"""
        return self.ours.word == "failed" and self.theirs == "passed"


def compare(ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> list[Pair]:
    """Test by test."""
    words = {(each.file, each.name): each.word for each in theirs}
    return [Pair(each, words.get((each.file, each.name), "absent")) for each in ours]


def table(pairs: Sequence[Pair]) -> str:
    """Counts for each file."""
    lines = [f"{'file':32} {'tests':>5} {'ours':>5} {'llama-server':>12} {'both':>5} {'we alone fail':>13}"]
    for file in sorted({pair.ours.file for pair in pairs}):
        of_file = [pair for pair in pairs if pair.ours.file == file]
        lines.append(f"{file:32} {_counts(of_file)}")
    lines.append(f"{'all':32} {_counts(pairs)}")
    return "\n".join(lines)


def _counts(pairs: Sequence[Pair]) -> str:
    passed = [pair for pair in pairs if pair.ours.word == "passed"]
    theirs = sum(pair.theirs == "passed" for pair in pairs)
    both = sum(pair.theirs == "passed" for pair in passed)
    alone = sum(pair.is_ours_alone for pair in pairs)
    return f"{len(pairs):>5} {len(passed):>5} {theirs:>12} {both:>5} {alone:>13}"
