"""Tests of serve.engine.line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.line import Line
from serve.engine.sequence import Sequence
from serve.engine.types import Request


def sequence(number: int, priority: int = 0, wait_s: float | None = None, arrived_s: float = 0.0) -> Sequence:
    """One that waits."""
    return Sequence(Request(number, (1,), priority=priority, wait_s=wait_s), 0, 1, arrived_s)


@given(st.lists(st.integers(-3, 3), max_size=20))
def test_higher_priority_is_first_and_equals_keep_their_order(priorities: list[int]) -> None:
    """A stable order by priority."""
    line = Line(100)
    for number, priority in enumerate(priorities):
        line.add(sequence(number, priority))
    expected = sorted(range(len(priorities)), key=lambda number: -priorities[number])
    assert [each.request.id for each in line] == expected


@given(st.lists(st.tuples(st.floats(0, 10), st.one_of(st.none(), st.floats(0, 10))), max_size=12), st.floats(0, 25))
def test_who_waited_too_long_leaves_and_nobody_else(times: list[tuple[float, float | None]], now_s: float) -> None:
    """Exactly those whose own time is over."""
    line = Line(100)
    for number, (arrived_s, wait_s) in enumerate(times):
        line.add(sequence(number, wait_s=wait_s, arrived_s=arrived_s))
    late = {each.request.id for each in line.take_late(now_s)}
    assert late == {n for n, (arrived, wait) in enumerate(times) if wait is not None and arrived + wait <= now_s}
    assert {each.request.id for each in line} == set(range(len(times))) - late
    assert line.take_late(now_s) == []
