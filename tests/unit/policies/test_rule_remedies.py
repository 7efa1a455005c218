"""Every remedy of every rule, on the rule's own examples."""

import copy
from typing import Any

import pytest
import yaml

from kube.unknown import UNKNOWN
from kube.view import walk
from policies import settings_file
from policies.plain import is_same
from policies.rule import Rule
from policies.rules import RULES
from policies.settings import Settings
from tests.unit.policies import cases
from tests.unit.policies.test_unknown import with_unknowns

WITH_REMEDY = [pytest.param(rule, id=rule.id) for rule in RULES if rule.remedy is not None]


def settings_of(rule: Rule) -> Settings:
    """Those under which its examples hold."""
    return settings_file.parse(rule.example_settings or {})


def remedied(rule: Rule, objects: list[Any]) -> list[Any]:
    """Copies of the objects after the rule's remedy."""
    assert rule.remedy is not None
    after = copy.deepcopy(objects)
    for each in after:
        rule.remedy(each, settings_of(rule))
    return after


@pytest.mark.parametrize("rule", WITH_REMEDY)
def test_a_remedy_makes_its_rule_content(rule: Rule) -> None:
    """On the bad example, for good: once more changes nothing."""
    after = remedied(rule, list(yaml.safe_load_all(rule.bad)))
    assert cases.verdicts(rule, after, rule.example_settings or {}) == (set(), set())
    assert is_same(remedied(rule, after), after)


@pytest.mark.parametrize("rule", WITH_REMEDY)
def test_a_remedy_leaves_a_good_object_alone(rule: Rule) -> None:
    """The good example stays as it is."""
    good = list(yaml.safe_load_all(rule.good))
    assert is_same(remedied(rule, good), good)


@pytest.mark.parametrize("rule", WITH_REMEDY)
def test_a_remedy_survives_what_is_unknown(rule: Rule) -> None:
    """Whatever value is unknown stays so, and the remedy is still done only once."""
    for example in (rule.good, rule.bad):
        for path, objects in with_unknowns(list(yaml.safe_load_all(example))):
            after = remedied(rule, objects)
            assert is_same(remedied(rule, after), after), f"{path} unknown"
            assert any(value is UNKNOWN for _, value in walk(after)), f"{path} unknown"


@pytest.mark.parametrize("rule", WITH_REMEDY)
def test_a_remedy_survives_any_wrong_type(rule: Rule) -> None:
    """A text where a mapping or a list belongs is the rule's to refuse."""
    wrongs: list[Any] = ["text", 3, None, [], {}, ["text"], [3]]
    for wrong in wrongs:
        for _, objects in with_unknowns(list(yaml.safe_load_all(rule.bad)), wrong):
            after = remedied(rule, objects)
            assert is_same(remedied(rule, after), after)
