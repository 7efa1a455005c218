"""Every rule on its examples and its cases."""

import pytest
import yaml

from policies.rule import Rule
from policies.rules import RULES
from tests.unit.policies import cases

CASES = [pytest.param(rule, case, id=f"{rule.id}: {case.says}") for rule in RULES for case in cases.load(rule.id)]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_rule_finds_exactly_what_its_case_says(rule: Rule, case: cases.Case) -> None:
    """Every case of every rule gives the violations and the undecided fields that it names, and no others."""
    refused, undecided = cases.verdicts(rule, case.objects, case.settings, name_objects=case.names_objects)
    assert refused == case.finds
    assert undecided == case.undecided


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_refuses_its_bad_example(rule: Rule) -> None:
    """What the documentation shows as bad is a violation."""
    refused, _ = cases.verdicts(rule, yaml.safe_load_all(rule.bad), rule.example_settings or {})
    assert refused


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_accepts_its_good_example(rule: Rule) -> None:
    """What the documentation shows as good has no finding."""
    assert cases.verdicts(rule, yaml.safe_load_all(rule.good), rule.example_settings or {}) == (set(), set())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_refuses_what_stands_behind_something_good(rule: Rule) -> None:
    """The bad example behind the good one in another namespace: no loop ends with the first object."""
    good, bad = yaml.safe_load_all(rule.good), yaml.safe_load_all(rule.bad)
    refused, _ = cases.verdicts(rule, [*cases.elsewhere(good), *bad], rule.example_settings or {})
    assert refused


def test_every_rule_has_its_own_id_and_a_reason_of_one_line() -> None:
    """Ids are unique; a reason is one sentence of at most 120 characters, with a source."""
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert [rule.id for rule in RULES if not rule.source or len(rule.why) > 120 or not rule.why.endswith(".")] == []
