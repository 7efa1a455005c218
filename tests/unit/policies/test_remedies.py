"""Every remedy on the cases of its rule, and on objects with several pods. On the examples: `test_rule_remedies.py`."""

import pytest
import yaml

from policies.rule import Rule, Scope
from policies.rules import RULES
from tests.unit.policies import cases

REMEDIES = [pytest.param(rule, id=rule.id) for rule in RULES if rule.remedy is not None]
CASES = [
    pytest.param(rule, case, id=f"{rule.id}: {case.says}")
    for rule in RULES
    if rule.remedy is not None
    for case in cases.load(rule.id)
]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_remedy_does_what_its_case_says_and_no_more_the_second_time(rule: Rule, case: cases.Case) -> None:
    """Whatever a case holds: the remedy gives what the case names, if it names it, and a second one changes nothing."""
    once = cases.remedied(rule, case.objects, case.settings)
    assert once == (once if case.remedied is None else list(case.remedied))
    assert cases.remedied(rule, once, case.settings) == once
    if not case.finds and not case.undecided:
        assert once == list(case.objects)


PODS = [
    pytest.param(rule, id=rule.id)
    for rule in RULES
    if rule.remedy is not None and rule.scope is Scope.POD and yaml.safe_load(rule.bad)["kind"] == "Pod"
]


@pytest.mark.parametrize("rule", PODS)
def test_a_remedy_puts_every_pod_of_an_object_right(rule: Rule) -> None:
    """The pods of the bad example behind those of the good one, in an object of a kind that may hold several."""
    examples = [*yaml.safe_load_all(rule.good), *yaml.safe_load_all(rule.bad)]
    settings = rule.example_settings or {}
    whole = cases.together(examples)
    before, _ = cases.verdicts(rule, [whole], settings)
    after, _ = cases.verdicts(rule, cases.remedied(rule, [whole], settings), settings)
    assert before
    assert after == set()


@pytest.mark.parametrize("rule", REMEDIES)
def test_a_remedy_has_a_case_that_shows_its_outcome(rule: Rule) -> None:
    """At least one case of a rule with a remedy says what the objects are afterwards."""
    assert any(case.remedied is not None for case in cases.load(rule.id))
