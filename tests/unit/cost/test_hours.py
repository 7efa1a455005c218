"""The week in pieces."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from infra.cost.hours import Bounds, bounds_at, is_working_time, pieces
from infra.cost.types import Window
from tests.unit.cost.stacks import workload

OFFICE = tuple(Window(day * 24 + 8, day * 24 + 20, 4, 4) for day in range(5))
WINDOWS = st.lists(
    st.builds(Window, st.integers(0, 167), st.integers(0, 168), st.integers(0, 3), st.integers(0, 9)), max_size=4
)


def test_twelve_hours_on_five_days_are_35_7_percent_of_a_month() -> None:
    """12 x 5 = 60 of 168 hours: 35.71 %, and 60 / 168 x 730 = 260.71 hours a month."""
    office = replace(workload(replicas=(0, 4)), schedule=(Window(0, 168, 0, 0), *OFFICE))
    day, night = sorted(pieces([office]), key=lambda piece: piece.bounds[0].least, reverse=True)
    assert (len(day.hours), len(night.hours)) == (60, 108)
    assert round(float(day.share * 100), 2) == 35.71
    assert round(float(day.hours_per_month), 2) == 260.71
    assert (day.bounds, night.bounds) == ((Bounds(4, 4),), (Bounds(0, 0),))


def test_without_schedules_a_week_has_working_time_and_the_rest() -> None:
    """60 and 108 hours."""
    found = pieces([workload(), workload("b")])
    assert sorted((piece.is_working_time, len(piece.hours)) for piece in found) == [(False, 108), (True, 60)]
    assert [sum(map(is_working_time, piece.hours)) for piece in found if piece.is_working_time] == [60]


def test_where_windows_overlap_the_larger_numbers_win() -> None:
    """As KEDA takes the maximum of all triggers."""
    both = replace(workload(replicas=(0, 9)), schedule=(Window(8, 20, 2, 9), Window(10, 12, 5, 6)))
    assert bounds_at(both, 9) == Bounds(2, 9)
    assert bounds_at(both, 11) == Bounds(5, 9)
    assert bounds_at(both, 21) == Bounds(0, 9)


def test_a_window_may_go_over_the_end_of_the_week() -> None:
    """From Sunday 22:00 to Monday 6:00."""
    over = replace(workload(replicas=(1, 1)), schedule=(Window(166, 6, 3, 3),))
    assert [bounds_at(over, hour).least for hour in (165, 166, 0, 5, 6)] == [1, 3, 3, 3, 1]


@given(st.lists(WINDOWS, min_size=1, max_size=3))
def test_every_hour_is_in_one_piece_with_its_own_bounds(schedules: list[list[Window]]) -> None:
    """Together 168 hours and 730 of a month; in each piece the bounds of each of its hours."""
    workloads = [replace(workload(str(i)), schedule=tuple(each)) for i, each in enumerate(schedules)]
    found = pieces(workloads)
    assert sorted(hour for piece in found for hour in piece.hours) == list(range(168))
    assert sum((piece.hours_per_month for piece in found), start=Fraction(0)) == 730
    for piece in found:
        for hour in piece.hours:
            assert piece.bounds == tuple(bounds_at(each, hour) for each in workloads)
            assert piece.is_working_time == is_working_time(hour)
            assert all(bounds.least <= bounds.most for bounds in piece.bounds if any(w.schedule for w in workloads))
