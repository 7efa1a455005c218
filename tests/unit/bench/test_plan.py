"""What the benchmark of the plan measures is what it says. How fast that is, no test asserts."""

from bench import plan
from infra.catalog.load import load_catalog
from infra.plan import make_plan

KNOWN = load_catalog()


def test_the_stack_has_as_many_models_as_are_asked_for() -> None:
    """Of both kinds, with and without a burst, with and without hours; and it can be planned."""
    config, catalog = plan.make_stack(40, KNOWN)
    found = make_plan(config, catalog)
    assert len(found.models) == 40
    assert {model.gpu is None for model in found.models} == {True, False}
    assert {len(model.tiers) for model in found.models} == {1, 2}
    assert {bool(tier.scaling.windows) for model in found.models for tier in model.tiers} == {True, False}


def test_the_same_number_is_the_same_stack() -> None:
    """Two runs measure the same."""
    assert plan.make_stack(10, KNOWN) == plan.make_stack(10, KNOWN)
