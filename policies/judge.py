"""What finally counts: objects, rules, settings and a day -> verdicts that block or tell. Pure; every front end's core.

The order is fixed: rules, then what is undecided, then waivers. Afterwards a level is `advisory` or `mandatory`, and
the message says all that led there.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import walk
from policies import waivers
from policies.evaluate import Verdict, evaluate
from policies.rule import Rule, Scope
from policies.settings import Level, Settings

DECIDED_AT_UP = "unknown: decided at up"


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
    everything = list(objects)
    verdicts = settle(evaluate(everything, rules, settings), settings, today, is_preview=is_preview)
    patches = [told_of_patch(each) for each in everything if each.is_patch]
    return Judgement(tuple(verdicts), (*patches, *waivers.unneeded(settings.waivers, verdicts)))


def settle(verdicts: Iterable[Verdict], settings: Settings, today: datetime.date, *, is_preview: bool) -> list[Verdict]:
    """What the rules have said -> what counts. For a front end that sees one object at a time."""
    decided = (_decide(verdict, is_preview=is_preview) for verdict in verdicts if not _is_left_out(verdict))
    return waivers.apply(decided, settings.waivers, today)


def waits(verdict: Verdict) -> bool:
    """Whether only `up` can decide it, and nothing else is to be said of it."""
    return verdict.undecided and DECIDED_AT_UP in verdict.message and verdict.waiver is None


def waits_for(waiting: Sequence[Verdict]) -> str:
    """What is said of a field that several rules wait for."""
    return f"{DECIDED_AT_UP}, by {', '.join(dict.fromkeys(verdict.rule.id for verdict in waiting))}"


def told_of_patch(patch: Object) -> str:
    """What stands for all rules on all fields that a patch does not have."""
    return f"{patch.id}: what this patch leaves out is in the object that it patches, and is judged where that is made"


def _is_left_out(verdict: Verdict) -> bool:
    """Undecided only because a patch does not say it: nothing in it is unknown."""
    if not (verdict.undecided and verdict.object.is_patch):
        return False
    return not any(value is UNKNOWN for _, value in walk(verdict.object.data))


def _decide(verdict: Verdict, *, is_preview: bool) -> Verdict:
    level = Level.MANDATORY if verdict.level is Level.REMEDIATE else verdict.level
    if verdict.object.is_patch and verdict.rule.scope is Scope.STACK:
        note = "a patch: what belongs to its object may be made elsewhere"
        return replace(verdict, level=Level.ADVISORY, message=f"{verdict.message} ({note})")
    if not verdict.undecided:
        return replace(verdict, level=level)
    if verdict.object.is_patch:
        note = "not in this patch, or not known yet"
        return replace(verdict, level=Level.ADVISORY, message=f"{verdict.message} ({note})")
    if is_preview:
        return replace(verdict, level=Level.ADVISORY, message=f"{verdict.message} ({DECIDED_AT_UP})")
    return replace(verdict, level=level, message=f"{verdict.message} (still unknown, so it can't be allowed)")
