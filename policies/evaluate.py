"""Rules x objects -> verdicts. Pure: nothing is printed, looked up or changed.

A verdict is a violation, or undecided: it depends on a value that only `up` knows. Nothing is skipped silently:

- an unknown value that a rule has met is a verdict, once, where it begins, unless the rule has said something of it;
- what a rule says twice of a place, for two reasons, is one verdict;
- a field of the wrong type is a violation of the rule that needed it;
- a rule that crashes is a violation of that rule (it fails closed), and a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kube.objects import Object, Stack, expand
from kube.view import Finding, Trace
from policies.rule import Rule, Scope
from policies.settings import Level, Settings, Waiver


@dataclass(frozen=True, slots=True)
class Verdict:
    """One finding of one rule, at the level that the settings give it."""

    rule: Rule
    object: Object
    path: str
    message: str
    level: Level
    undecided: bool = False
    waiver: Waiver | None = None
    """The one that covers it, expired or not; set by `waivers.py`."""


def evaluate(objects: Iterable[Object], rules: Sequence[Rule], settings: Settings) -> list[Verdict]:
    """All verdicts on objects that exist together, in the order of the objects, then of the rules."""
    everything = tuple(expand(objects))
    asked = _asked(rules, settings)
    verdicts = [verdict for each in everything for verdict in _of_object(each, asked, settings)]
    return verdicts + evaluate_stack(everything, rules, settings)


def evaluate_object(target: Object, rules: Sequence[Rule], settings: Settings) -> list[Verdict]:
    """What the rules say of one object alone. Stack rules say nothing here."""
    return list(_of_object(target, _asked(rules, settings), settings))


def evaluate_stack(objects: Iterable[Object], rules: Sequence[Rule], settings: Settings) -> list[Verdict]:
    """What the stack rules say of all objects together."""
    everything = tuple(expand(objects))
    verdicts: list[Verdict] = []
    for rule, level in _asked(rules, settings):
        if rule.scope is Scope.STACK and everything:
            stack = Stack(everything)
            verdicts += _run(rule, [stack], settings, level, everything[0], stack.trace)
    return verdicts


def level_of(rule: Rule, settings: Settings) -> Level:
    """The level of a rule in a stack: what its settings say, else the rule's own for that environment."""
    return settings.levels.get(rule.id) or settings.levels.get("all") or rule.level[settings.environment]


def _asked(rules: Sequence[Rule], settings: Settings) -> list[tuple[Rule, Level]]:
    levels = ((rule, level_of(rule, settings)) for rule in rules)
    return [(rule, level) for rule, level in levels if level is not Level.DISABLED]


def _of_object(target: Object, asked: Iterable[tuple[Rule, Level]], settings: Settings) -> Iterator[Verdict]:
    for rule, level in asked:
        if _concerns(rule, target):
            trace = Trace()
            targets = target.pods(trace) if rule.scope is Scope.POD else [target.view(trace)]
            yield from _run(rule, targets, settings, level, target, trace)


def _concerns(rule: Rule, target: Object) -> bool:
    if rule.scope is Scope.POD:
        return target.has_pods
    return rule.scope is Scope.OBJECT and (not rule.kinds or target.kind in rule.kinds)


def _run(
    rule: Rule, targets: Sequence[Any], settings: Settings, level: Level, owner: Object, trace: Trace
) -> Iterator[Verdict]:
    findings = [finding for target in targets for finding in _findings(rule.check, target, settings, owner)]
    told = {(finding.object.id, finding.path) for finding in findings}
    around = {place for each in told for place in _around(each)}
    for finding in findings:
        yield _verdict(rule, finding, level)
    for key, finding in trace.malformed.items():
        if key not in told:
            yield _verdict(rule, finding, level)
    for key, finding in trace.unknown.items():
        if key not in around and told.isdisjoint(_around(key)):
            yield _verdict(rule, finding, level)


def _findings(check: Callable[..., Iterable[Finding]], target: Any, settings: Settings, owner: Object) -> list[Finding]:
    try:
        found = {(id(each.object), each.path, each.message, each.undecided): each for each in check(target, settings)}
        return list(found.values())
    except Exception as error:  # noqa: BLE001  whatever a rule does, it must not pass for consent
        return [Finding(owner, "", f"the rule itself failed: {type(error).__name__}")]


def _around(place: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """The place itself and all that it lies in."""
    owner, path = place
    yield place
    yield from ((owner, path[:end]) for end, character in enumerate(path) if character in ".[")


def _verdict(rule: Rule, finding: Finding, level: Level) -> Verdict:
    return Verdict(rule, finding.object, finding.path, finding.message, level, finding.undecided)
