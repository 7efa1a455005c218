"""What a mutant is tried on: the cases of a rule, its examples, the examples with each value unknown, its remedy.

The same as `test_cases.py`, `test_unknown.py` and `test_remedies.py` try, in a form that runs thousands of times. What
rules call has tests of its own beside these: they are run as they are.
"""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any

import yaml

from policies import rules, settings_file
from policies.rule import Rule, Scope
from policies.settings import Settings
from tests.mutants.world import PACKAGES, ROOT, World, source_file
from tests.unit.policies import cases, test_unknown

Lines = frozenset[tuple[str, int]]
Outcome = tuple[set[str], set[str]]
"""Paths that a rule refuses, and that it can't decide."""
Objects = tuple[Mapping[str, Any], ...]
_OURS = tuple(str(ROOT / package) for package in PACKAGES)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Something that a module must do, on behalf of a rule or of another test."""

    module: str
    says: str
    passes: Callable[[World], bool]


@cache
def of_module(module: str) -> tuple[Trial, ...]:
    """All trials of the rules that a module defines."""
    own = rules.rules_of(World((), {}).load(module))
    return tuple(
        Trial(module, f"{rule.id}: {says}", _on_rule(module, rule.id, holds))
        for rule in own
        for says, holds in _of_rule(rule)
    )


def _on_rule(module: str, rule_id: str, holds: Callable[[World, Any], bool]) -> Callable[[World], bool]:
    return lambda world: holds(world, next(r for r in rules.rules_of(world.load(module)) if r.id == rule_id))


def test_module(module: str) -> str | None:
    """The tests of a module itself, if it has some: `kube.gpus` -> `tests.unit.kube.test_gpus`."""
    package, _, last = module.rpartition(".")
    name = f"tests.unit.{package.removesuffix('.rules')}.test_{last}"
    return name if source_file(name).exists() else None


test_module.__test__ = False  # type: ignore[attr-defined]


@cache
def of_tests(module: str) -> tuple[Trial, ...]:
    """The tests of a module itself, each with each of its parameters; not those with fixtures or random values."""
    name = test_module(module)
    if name is None:
        return ()
    functions = {key: value for key, value in vars(World((), {}).load(name)).items() if key.startswith("test_")}
    return tuple(
        Trial(module, f"{key}({arguments})", _on_test(name, key, arguments))
        for key, function in functions.items()
        for arguments in _arguments(function)
        if inspect.signature(function).parameters.keys() == arguments.keys() and not hasattr(function, "hypothesis")
    )


def _arguments(function: Any) -> list[dict[str, Any]]:
    """What pytest would call the function with."""
    found: list[dict[str, Any]] = [{}]
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            names, values = mark.args
            names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
            plain = [value.values if hasattr(value, "marks") else value for value in values]  # pytest.param
            sets = [
                value if len(names) > 1 or hasattr(values[i], "marks") else (value,) for i, value in enumerate(plain)
            ]
            found = [{**each, **dict(zip(names, one, strict=True))} for each in found for one in sets]
    return found


def _on_test(name: str, key: str, arguments: Mapping[str, Any]) -> Callable[[World], bool]:
    def passes(world: World) -> bool:
        getattr(world.load(name), key)(**arguments)  # a test that fails raises
        return True

    return passes


def _of_rule(rule: Rule) -> Iterator[tuple[str, Callable[[World, Any], bool]]]:
    for case in _cases(rule):
        yield case.says, _gives_what_it_says(case, _settings(rule, case.settings))
    settings = _settings(rule, rule.example_settings or {})
    bad, good = tuple(yaml.safe_load_all(rule.bad)), tuple(yaml.safe_load_all(rule.good))
    yield "the bad example", _gives(bad, settings, lambda found: bool(found[0]))
    yield "the good example", _gives(good, settings, _exactly(frozenset(), frozenset()))
    yield "bad behind good", _gives((*cases.elsewhere(good), *bad), settings, lambda found: bool(found[0]))
    for path, objects in test_unknown.with_unknowns(list(bad)):
        yield f"bad, {path} unknown", _gives(tuple(objects), settings, lambda found: bool(found[0] or found[1]))
    for path, objects in test_unknown.with_unknowns(list(good)):
        yield f"good, {path} unknown", _gives(tuple(objects), settings, lambda found: not found[0])
    if rule.remedy is not None:
        yield from _of_remedy(rule, bad, good, settings)


def _of_remedy(
    rule: Rule, bad: Objects, good: Objects, settings: Settings
) -> Iterator[tuple[str, Callable[[World, Any], bool]]]:
    yield "the bad example, remedied", lambda w, r: _verdicts(w, r, _remedied(r, bad, settings), settings) == _NOTHING
    if rule.scope is Scope.POD and bad[0]["kind"] == "Pod":
        yield "bad behind good, remedied", _has_all_pods_right(cases.together((*good, *bad)), settings)
    yield "the good example, remedied", _is_remedied(good, settings, good)
    for case in _cases(rule):
        is_clean = not case.finds and not case.undecided
        expected = case.objects if case.remedied is None and is_clean else case.remedied
        yield f"{case.says}, remedied", _is_remedied(case.objects, _settings(rule, case.settings), expected)
    for path, objects in test_unknown.with_unknowns(list(bad)):
        yield f"bad, {path} unknown, remedied", _is_remedied(tuple(objects), settings, None)


def _cases(rule: Rule) -> list[cases.Case]:
    """None while a rule is being written: `test_cases.py` asks for them."""
    return cases.load(rule.id) if (cases.FOLDER / f"{rule.id}.yaml").exists() else []


_NOTHING: Outcome = (set(), set())


def _settings(rule: Rule, data: Mapping[str, Any]) -> Settings:
    return settings_file.parse({**data, "levels": {rule.id: "mandatory"}})


def _exactly(finds: frozenset[str], undecided: frozenset[str]) -> Callable[[Outcome], bool]:
    return lambda found: found == (set(finds), set(undecided))


def _gives(objects: Objects, settings: Settings, holds: Callable[[Outcome], bool]) -> Callable[[World, Any], bool]:
    return lambda world, rule: holds(_verdicts(world, rule, objects, settings))


def _gives_what_it_says(case: cases.Case, settings: Settings) -> Callable[[World, Any], bool]:
    holds = _exactly(case.finds, case.undecided)
    return lambda w, r: holds(_verdicts(w, r, case.objects, settings, name_objects=case.names_objects))


def _is_remedied(objects: Objects, settings: Settings, expected: Objects | None) -> Callable[[World, Any], bool]:
    """The remedy gives what is expected, if that is named, and changes nothing the second time."""

    def holds(_world: World, rule: Any) -> bool:
        once = _remedied(rule, objects, settings)
        return (expected is None or once == list(expected)) and _remedied(rule, once, settings) == once

    return holds


def _has_all_pods_right(whole: Mapping[str, Any], settings: Settings) -> Callable[[World, Any], bool]:
    return lambda world, rule: not _verdicts(world, rule, _remedied(rule, [whole], settings), settings)[0]


def _remedied(rule: Any, objects: Iterable[Mapping[str, Any]], settings: Settings) -> list[dict[str, Any]]:
    changed = [copy.deepcopy(dict(each)) for each in objects]
    for each in changed:
        rule.remedy(each, settings)
    return changed


def _verdicts(
    world: World, rule: Any, objects: Iterable[Mapping[str, Any]], settings: Settings, *, name_objects: bool = False
) -> Outcome:
    new_object = world.load("kube.objects").Object
    found = world.load("policies.evaluate").evaluate(
        [new_object(each, has_secrets=cases.secrets_in(each)) for each in objects], [rule], settings
    )
    return cases.paths(found, name_objects=name_objects)


def lines_of(trial: Trial, world: World) -> Lines:
    """The lines of the package that a trial runs through: a mutation elsewhere can't change it."""
    seen: set[tuple[str, int]] = set()

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(_OURS) else None

    def line(frame: FrameType, _event: str, _argument: Any) -> Any:
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return line

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        trial.passes(world)
    finally:
        sys.settrace(before)
    return frozenset(seen)
