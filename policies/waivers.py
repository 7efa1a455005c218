"""Waivers: one rule does not block one object until a day, because an owner says why.

Pure: today is an argument. A waiver holds through its last day. After that its violations block again and say so; one
that is needed no longer is told, so that it can go.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from kube.objects import Object
from policies.evaluate import Verdict
from policies.settings import Level, Waiver


def apply(verdicts: Iterable[Verdict], waivers: Sequence[Waiver], today: datetime.date) -> list[Verdict]:
    """The verdicts, those that a waiver covers no longer blocking."""
    by_rule: dict[str, list[Waiver]] = {}
    for waiver in sorted(waivers, key=lambda each: each.expires, reverse=True):  # one that holds wins
        by_rule.setdefault(waiver.rule, []).append(waiver)
    return [_apply(verdict, by_rule.get(verdict.rule.id, ()), today) for verdict in verdicts]


def unneeded(waivers: Iterable[Waiver], verdicts: Iterable[Verdict]) -> list[str]:
    """A sentence for each waiver that none of the verdicts, of all objects and rules, has needed."""
    needed = {verdict.waiver for verdict in verdicts if verdict.waiver is not None}
    return [
        f"the waiver of {waiver.rule} for {waiver.object!r} ({waiver.owner}, until {waiver.expires}) is not needed: "
        "nothing that it covers is violated; remove it"
        for waiver in waivers
        if waiver not in needed
    ]


def covers(waiver: Waiver, target: Object) -> bool:
    """Whether the waiver's `object`, such as `Deployment slipway/*` or `ClusterRole reader`, means this one.

    Without a namespace it means only what names none: `Deployment gemma` is not every namespace's gemma. Kind,
    namespace and name are matched one by one, so that no glob reaches from one into the next.
    """
    kind, _, place = waiver.object.partition(" ")
    namespace, slash, name = place.rpartition("/")
    is_there = fnmatchcase(target.namespace, namespace) if slash else not target.has_namespace
    return is_there and fnmatchcase(target.kind, kind) and fnmatchcase(target.name, name)


def _apply(verdict: Verdict, waivers: Iterable[Waiver], today: datetime.date) -> Verdict:
    waiver = next((each for each in waivers if covers(each, verdict.object)), None)
    if waiver is None:
        return verdict
    if today > waiver.expires:
        note = f"the waiver by {waiver.owner} expired on {waiver.expires}"
        return replace(verdict, waiver=waiver, message=f"{verdict.message} ({note})")
    note = f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
    return replace(verdict, waiver=waiver, level=Level.ADVISORY, message=f"{verdict.message} ({note})")
