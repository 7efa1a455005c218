"""What finally counts: objects, rules, settings and a day -> verdicts that block or tell. Pure; every front end's core.

The order is fixed: rules, then what is undecided, then waivers. Afterwards a level is `advisory` or `mandatory`, and
the message says all that led there.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from policies import waivers
from policies.evaluate import Verdict, evaluate
from policies.objects import Object
from policies.rule import Rule
from policies.settings import Level, Settings


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts, and what is to be told besides."""

    verdicts: tuple[Verdict, ...]
    notices: tuple[str, ...]

    @property
    def blocks(self) -> bool:
        """Whether anything is mandatory."""
        return any(verdict.level is Level.MANDATORY for verdict in self.verdicts)


def judge(
    objects: Iterable[Object],
    rules: Sequence[Rule],
    settings: Settings,
    today: datetime.date,
    *,
    is_preview: bool = False,
) -> Judgement:
    """Judge objects that exist together."""
    verdicts = settle(evaluate(objects, rules, settings), settings, today, is_preview=is_preview)
    return Judgement(tuple(verdicts), tuple(waivers.unneeded(settings.waivers, verdicts)))


def settle(verdicts: Iterable[Verdict], settings: Settings, today: datetime.date, *, is_preview: bool) -> list[Verdict]:
    """What the rules have said -> what counts. For a front end that sees one object at a time."""
    decided = (_decide(verdict, is_preview=is_preview) for verdict in verdicts)
    return waivers.apply(decided, settings.waivers, today)


def _decide(verdict: Verdict, *, is_preview: bool) -> Verdict:
    level = Level.MANDATORY if verdict.level is Level.REMEDIATE else verdict.level
    if not verdict.undecided:
        return replace(verdict, level=level)
    if verdict.object.is_patch:
        note = "not in this patch: decided by the object that it patches"
        return replace(verdict, level=Level.ADVISORY, message=f"{verdict.message} ({note})")
    if is_preview:
        return replace(verdict, level=Level.ADVISORY, message=f"{verdict.message} (unknown: decided at up)")
    return replace(verdict, level=level, message=f"{verdict.message} (still unknown, so it can't be allowed)")
