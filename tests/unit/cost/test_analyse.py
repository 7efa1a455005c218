"""Two states of a stack as a report."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limit
from hypothesis import strategies as st

from infra.cost.analyse import analyse
from infra.cost.estimate import total
from infra.cost.money import Range
from infra.cost.money import total as sum_of
from infra.cost.report import Check, ColdStart, Gate, Report
from infra.cost.settings import Budgets
from infra.cost.types import Capacity, Demand, Kind, Pool, Unpriced, Window
from tests.unit.cost.stacks import C5, FACTS, G5_12, FakePrices, demand, market, server, workload


def report(after: Demand, before: Demand | None = None, **changed: Any) -> Report:
    """Of both states."""
    return analyse("prod", before, after, market(**changed), FACTS)


def test_a_report_of_a_change_by_hand() -> None:
    """One GPU pod more: 734.38; both states, the rows and the reason agree."""
    found = report(demand(server(replicas=(2, 2))), demand(server()))
    assert found.before is not None
    assert (found.before.cost.typical_cents, found.after.cost.typical_cents) == (73438, 146876)
    assert [(row.name, row.before) for row in found.models] == [("llama", Range(73438, 73438, 73438))]
    assert sum_of([change.cost for change in found.changes]) == Range(73438, 73438, 73438)


def test_without_a_state_before_nothing_has_changed() -> None:
    """Nothing is deployed, or nobody knows."""
    found = report(demand(server()))
    assert (found.before, found.changes) == (None, ())


def test_a_schedule_saves_what_its_other_hours_would_cost() -> None:
    """One node of 730 hours for 260.71: 734.38 - 262.28 = 472.10; without one nothing is saved."""
    office = tuple(Window(day * 24 + 8, day * 24 + 20, 1, 1) for day in range(5))
    scheduled = server(replicas=(0, 1), schedule=(Window(0, 168, 0, 0), *office))
    cold_starts = sum(line.cost.typical_cents for line in total(demand(scheduled), market()).lines
                      if line.driver == "scale events")  # fmt: skip
    assert report(demand(scheduled)).schedule_saving_cents == 73438 - 26228 - cold_starts
    assert report(demand(server())).schedule_saving_cents == 0


def test_cold_starts_are_told_in_minutes() -> None:
    """2 a day: 60.83 a month, a minute each."""
    found = report(demand(server(replicas=(1, 2))), scale_ups_per_day=Fraction(2))
    assert found.cold_starts == (ColdStart("slipway/llama", Fraction(365, 6), 60, Fraction(365, 6)),)
    assert report(demand(server())).cold_starts == ()


def test_pods_that_fit_nowhere_are_told_once_and_make_the_total_wrong() -> None:
    """Though they do in each month."""
    found = report(demand(workload(cpu_m=10**6, replicas=(1, 3))))
    [(who, count, why)] = found.unplaced
    assert (who.name, count) == ("app", 3)
    assert "more than is left for pods" in why
    assert found.gate is Gate.WARNING


def test_old_prices_decide_about_the_gate() -> None:
    """With a warning in words."""
    old = replace(FACTS, age_days=50)
    found = analyse("prod", None, demand(server()), market(), old)
    assert found.price_gate is found.gate is Gate.WARNING
    assert "50 days old" in found.warnings[0]
    assert analyse("prod", None, demand(server()), market(), replace(FACTS, age_days=121)).gate is Gate.EXCEEDED


@pytest.mark.parametrize(
    ("budgets", "checks", "unpriced", "gate"),
    [
        (Budgets(), (), (), Gate.PASS),
        (Budgets(typical=10_000), (), (), Gate.PASS),
        (Budgets(typical=900), (), (), Gate.WARNING),
        (Budgets(typical=740), (), (), Gate.CRITICAL),
        (Budgets(typical=700), (), (), Gate.EXCEEDED),
        (Budgets(), (Check("the preview", Gate.CRITICAL, "it failed"),), (), Gate.CRITICAL),
        (Budgets(typical=700), (Check("the preview", Gate.CRITICAL, "it failed"),), (), Gate.EXCEEDED),
        (Budgets(), (), (Unpriced("x", "opaque"),), Gate.WARNING),
        (Budgets(), (), (Unpriced("x", "told", is_total_wrong=False),), Gate.PASS),
    ],
)
def test_the_worst_verdict_is_the_gate(
    budgets: Budgets, checks: tuple[Check, ...], unpriced: tuple[Unpriced, ...], gate: Gate
) -> None:
    """Of budgets, of the source, of what is not priced."""
    stack = demand(server(), unpriced=unpriced)
    assert analyse("prod", None, stack, market(budgets=budgets), FACTS, (), checks).gate is gate


def test_what_is_assumed_is_said() -> None:
    """With the settings' own figures."""
    text = " ".join(report(demand(server()), working_time_load=Fraction(1, 2), time_zone="Europe/Berlin").assumptions)
    assert "50% of the way" in text
    assert "Europe/Berlin" in text
    assert "730 hours" in text


def test_a_stack_without_prices_has_a_report() -> None:
    """All is named, nothing is in the total."""
    found = analyse("prod", None, demand(server()), market(prices=FakePrices({})), FACTS)
    assert found.after.cost == Range()
    assert [each.id for each in found.unpriced] == ["nodes g5.xlarge in pool gpu"]
    assert found.gate is Gate.WARNING


def test_an_empty_stack_has_a_report() -> None:
    """Before the first object."""
    found = report(Demand(), Demand(), has_control_plane=True)
    assert found.after.cost == Range(7300, 7300, 7300)
    assert (found.models[0].name, found.nodes, found.changes) == ("shared", (), ())


SHAPES = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 4), st.integers(0, 4), st.booleans()),
    max_size=5,
    unique_by=lambda entry: entry[0],
)


def stack(shapes: list[tuple[str, int, int, bool]]) -> Demand:
    """Models with GPUs, and others."""
    return demand(*(
        server(name, (least, least + more)) if gpu else workload(name, (least, least + more))
        for name, least, more, gpu in shapes
    ))  # fmt: skip


@limit(max_examples=15, deadline=None)
@given(SHAPES, SHAPES)
def test_all_parts_of_a_report_agree(
    before: list[tuple[str, int, int, bool]], after: list[tuple[str, int, int, bool]]
) -> None:
    """Rows, kinds and changes add up to the cent; P50 and P90 are within the range; the same input, the same report."""
    pool = Pool("any", (C5, G5_12), Capacity.SPOT)
    on = market(pool, has_control_plane=True, scale_ups_per_day=Fraction(2))
    found = analyse("prod", stack(before), stack(after), on, FACTS)
    cost = found.after.cost
    assert sum_of([row.cost for row in found.models]) == cost
    assert sum_of([row.by_kind[kind] for row in found.models for kind in Kind]) == cost
    assert found.before is not None
    assert sum_of([change.cost for change in found.changes]) == cost - found.before.cost
    assert cost.low_cents <= found.after.p50_cents <= found.after.p90_cents <= cost.high_cents
    again = analyse("prod", stack(before), stack(after), on, FACTS)
    assert (again.after, again.changes, again.week_cents) == (found.after, found.changes, found.week_cents)
