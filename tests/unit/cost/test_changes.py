"""Why the cost changed."""

from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import settings as check

from infra.cost import changes as module
from infra.cost.changes import changes
from infra.cost.estimate import total
from infra.cost.money import Range
from infra.cost.money import total as sum_of
from infra.cost.report import Change
from infra.cost.types import Capacity, Demand, Pool
from tests.unit.cost.stacks import C5, G5_12, demand, market, server, workload
from tests.unit.cost.test_change_steps import SHAPES, stack

ON = market()


def explained(before: Demand, after: Demand, on: Any = ON) -> list[Change]:
    """Of both states."""
    return changes(before, after, lambda each: total(each, on), (total(before, on), total(after, on)))


def test_two_more_replicas_are_two_more_nodes() -> None:
    """1 to 3 GPU pods: 2 x 734.38 = 1,468.76, all of it by the one number that was changed."""
    [found] = explained(demand(server(replicas=(1, 1))), demand(server(replicas=(3, 3))))
    assert (found.field, found.before, found.after) == ("replicas", "1", "3")
    assert found.cost == Range(146876, 146876, 146876)


def test_each_field_has_its_own_part() -> None:
    """A model goes, 734.38 less; another one grows by a node in the high month."""
    before = demand(server(), server("qwen", (1, 1)))
    after = demand(server("qwen", (1, 2)))
    gone, grown = explained(before, after)
    assert (gone.subject, gone.field, gone.cost) == ("slipway/llama", "removed", Range(-73438, -73438, -73438))
    assert (grown.field, grown.before, grown.after, grown.cost.high_cents) == ("max_replicas", "1", "2", 73438)


def test_a_field_that_costs_nothing_is_left_out() -> None:
    """A pod grows within the room of its node."""
    assert explained(demand(workload(cpu_m=1000)), demand(workload(cpu_m=1500))) == []


def test_large_changes_of_large_stacks_are_told_by_whose_lines_moved() -> None:
    """Without packing each step: who changed by name, what that moves for others together."""
    before, after = demand(server(), workload("web")), demand(server(replicas=(2, 2)), workload("web"))
    with mock.patch.object(module, "MAX_WORK", 0):
        found = explained(before, after)
    assert [(each.subject, each.field, each.before, each.after) for each in found] == [
        ("llama", "several fields", "1 replica", "2 replicas")
    ]
    assert found[0].cost == Range(73438, 73438, 73438)


@check(max_examples=40, deadline=None)
@given(SHAPES, SHAPES)
def test_changes_add_up_to_the_whole_difference(one: Any, other: Any) -> None:
    """By field and by owner, on two sizes of machines."""
    on = market(Pool("any", (C5, G5_12), Capacity.SPOT))
    before, after = stack(one), stack(other)
    difference = total(after, on).cost - total(before, on).cost
    assert sum_of([each.cost for each in explained(before, after, on)]) == difference
    with mock.patch.object(module, "MAX_WORK", -1):
        assert sum_of([each.cost for each in explained(before, after, on)]) == difference
