"""Every remedy: it makes its rule hold, changes nothing else, and can be taken twice."""

import pytest
import yaml

from policies.rule import Rule
from policies.rules import RULES
from tests.unit.policies import cases, test_unknown

REMEDIES = [pytest.param(rule, id=rule.id) for rule in RULES if rule.remedy is not None]
CASES = [
    pytest.param(rule, case, id=f"{rule.id}: {case.says}")
    for rule in RULES
    if rule.remedy is not None
    for case in cases.load(rule.id)
]


@pytest.mark.parametrize("rule", REMEDIES)
def test_a_remedy_makes_the_bad_example_good(rule: Rule) -> None:
    """After the remedy the rule refuses nothing of what it has refused, and leaves nothing undecided."""
    settings = rule.example_settings or {}
    changed = cases.remedied(rule, yaml.safe_load_all(rule.bad), settings)
    assert cases.verdicts(rule, changed, settings) == (set(), set())


@pytest.mark.parametrize("rule", REMEDIES)
def test_a_remedy_leaves_the_good_example_alone(rule: Rule) -> None:
    """Where the rule holds there is nothing to put right."""
    good = list(yaml.safe_load_all(rule.good))
    assert cases.remedied(rule, good, rule.example_settings or {}) == good


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_remedy_does_what_its_case_says_and_no_more_the_second_time(rule: Rule, case: cases.Case) -> None:
    """Whatever a case holds: the remedy gives what the case names, if it names it, and a second one changes nothing."""
    once = cases.remedied(rule, case.objects, case.settings)
    assert once == (once if case.remedied is None else list(case.remedied))
    assert cases.remedied(rule, once, case.settings) == once
    if not case.finds and not case.undecided:
        assert once == list(case.objects)


@pytest.mark.parametrize("rule", REMEDIES)
def test_a_remedy_survives_unknown_values(rule: Rule) -> None:
    """Whatever value of the bad example is unknown: the remedy does not fail, and the rule is not blind afterwards."""
    settings = rule.example_settings or {}
    for path, objects in test_unknown.with_unknowns(list(yaml.safe_load_all(rule.bad))):
        changed = cases.remedied(rule, objects, settings)
        assert cases.remedied(rule, changed, settings) == changed, f"{path} unknown"


@pytest.mark.parametrize("rule", REMEDIES)
def test_a_remedy_has_a_case_that_shows_its_outcome(rule: Rule) -> None:
    """At least one case of a rule with a remedy says what the objects are afterwards."""
    assert any(case.remedied is not None for case in cases.load(rule.id))
