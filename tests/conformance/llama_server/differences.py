"""Which tests of the suite we fail on purpose, or not yet, and why: differences.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.conformance.llama_server.report import Pair

FILE = Path(__file__).with_name("differences.yaml")


@dataclass(frozen=True, slots=True)
class Difference:
    """A reason, and the tests that it is about: each by its file and how its name begins."""

    tests: tuple[str, ...]
    reason: str

    def is_about(self, pair: Pair) -> bool:
        """Is this one of them?"""
        return pair.name.startswith(self.tests)


def read(path: Path = FILE) -> list[Difference]:
    """All that are named."""
    return [Difference(tuple(each["tests"]), each["reason"]) for each in yaml.safe_load(path.read_text())]


def unnamed(pairs: Sequence[Pair], known: Sequence[Difference]) -> list[Pair]:
    """What we alone fail without a reason."""
    return [pair for pair in pairs if pair.is_ours_alone and not any(each.is_about(pair) for each in known)]


def stale(pairs: Sequence[Pair], known: Sequence[Difference]) -> list[str]:
    """What is named though nothing of it fails any more, of the files that were run."""
    files = {pair.ours.file for pair in pairs}
    failing = [pair.name for pair in pairs if pair.is_ours_alone]
    return [
        test
        for each in known
        for test in each.tests
        if test.partition("::")[0] in files and not any(name.startswith(test) for name in failing)
    ]


def told(pairs: Sequence[Pair], known: Sequence[Difference]) -> str:
    """Reason by reason, with how many tests it is about; then what has none, and what is not true any more."""
    lines = []
    for each in known:
        num = sum(pair.is_ours_alone and each.is_about(pair) for pair in pairs)
        if num:
            lines.append(f"{num:>3}  {each.reason}")
    lines += [f"not named: {pair.name}: {pair.ours.reason[:160]}" for pair in unnamed(pairs, known)]
    lines += [f"to be taken out of {FILE.name}: {test}" for test in stale(pairs, known)]
    return "\n".join(lines)
