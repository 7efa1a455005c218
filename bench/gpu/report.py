"""What was checked: one line each for people, and one line of JSON for machines. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that holds or does not, and what was seen."""

    name: str
    holds: bool
    seen: str
    values: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{'ok  ' if self.holds else 'FAIL'}  {self.name}: {self.seen}"


def json_line(checks: Sequence[Check], about: Mapping[str, object]) -> str:
    """Everything, on one line."""
    return json.dumps({"checks": [asdict(check) for check in checks], "about": dict(about)}, ensure_ascii=False)
