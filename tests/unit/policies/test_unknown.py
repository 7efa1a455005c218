"""No rule may be blind to a value that only `up` knows, and none may condemn because of it."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from kube.unknown import UNKNOWN
from kube.view import walk
from policies.rule import Rule
from policies.rules import RULES
from tests.unit.policies import cases

IDENTITY = {"apiVersion", "kind"}
"""Pulumi always knows these: they are part of a resource's type."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_unknown_value_in_a_good_object_is_never_a_violation(rule: Rule) -> None:
    """Whatever value of a good example is unknown: it may turn out good, so nothing is refused yet."""
    for path, objects in with_unknowns(list(yaml.safe_load_all(rule.good))):
        refused, _ = cases.verdicts(rule, objects, rule.example_settings or {})
        assert refused == set(), f"{path} unknown"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_an_unknown_value_in_a_bad_object_is_never_passed_over(rule: Rule) -> None:
    """Whatever value of a bad example is unknown: it is still refused, or reported as undecided."""
    for path, objects in with_unknowns(list(yaml.safe_load_all(rule.bad))):
        refused, undecided = cases.verdicts(rule, objects, rule.example_settings or {})
        assert refused or undecided, f"{path} unknown"


def with_unknowns(objects: list[Any], instead: Any = UNKNOWN) -> Iterator[tuple[tuple[str | int, ...], list[Any]]]:
    """Copies of the objects, each with another value replaced by UNKNOWN, or by what is to stand instead."""
    for path, _ in walk(objects):
        if len(path) < 2 or path[-1] in IDENTITY:
            continue
        changed: Any = copy.deepcopy(objects)
        parent = changed
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = copy.deepcopy(instead)
        yield path, changed
