"""No clause of a rule is without a case."""

import pytest

from tests.mutants import equivalent, hunt

pytestmark = [pytest.mark.mutants, pytest.mark.timeout(1200)]


def test_every_rule_passes_its_trials_without_a_mutation() -> None:
    """A trial that fails anyway would catch every mutant and prove nothing."""
    assert [trial.says for trial in hunt.failing(hunt.modules())] == []


def test_no_mutant_survives_but_those_that_can_not_differ() -> None:
    """Each clause of each rule is taken away once, and a case notices; `equivalent.yaml` names nothing else."""
    count, survivors = hunt.hunt(hunt.modules())
    assert count > 0
    allowed = equivalent.load()
    assert [str(each) for each in survivors if each.key not in allowed] == []
    assert sorted(allowed.keys() - {each.key for each in survivors}) == []
