"""Which turns go into a prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from serve.history.fit import STEP, fitting
from serve.history.types import Turn


def turns(sizes: Sequence[int], first: int = 0) -> list[Turn]:
    """Turns of these sizes, numbered from `first`."""
    return [Turn("q", "a" * (size - 1), "m", 0.0, first + index) for index, size in enumerate(sizes)]


def fitted(given_turns: list[Turn], room: int, asked: list[int] | None = None) -> list[Turn]:
    """What fits into so many bytes. `asked`: of how many turns it was asked whether they fit."""

    async def fits(some: Sequence[Turn]) -> bool:
        if asked is not None:
            asked.append(len(some))
        return sum(each.num_bytes for each in some) <= room

    return list(asyncio.run(fitting(given_turns, fits)))


SIZES = st.lists(st.integers(1, 9), max_size=40)


@given(SIZES, st.integers(0, 30), st.integers(0, 120))
def test_what_goes_in_is_the_newest_that_fits(sizes: list[int], first: int, room: int) -> None:
    """An end of the history, in its order, within the room; and no place to begin at would have let in more."""
    history = turns(sizes, first)
    found = fitted(history, room)
    assert found == history[len(history) - len(found) :]
    assert sum(each.num_bytes for each in found) <= room
    for index in range(len(history) - len(found)):
        may_begin = history[index].number % STEP == 0
        assert not may_begin or sum(each.num_bytes for each in history[index:]) > room


def test_a_history_that_fits_is_asked_about_once() -> None:
    """That is what mostly happens, and counting tokens takes time."""
    asked: list[int] = []
    history = turns([3] * 20)
    assert fitted(history, 60, asked) == history
    assert asked == [20]


def test_a_long_history_is_asked_about_a_few_times_only() -> None:
    """Two hundred turns, of which ten fit."""
    asked: list[int] = []
    assert len(fitted(turns([10] * 200), 100, asked)) == 8
    assert len(asked) <= 8


def test_the_beginning_stays_for_some_turns() -> None:
    """So that the model has computed it already: with room for ten turns, it moves at every fourth."""
    begins = [fitted(turns([10] * number), 100)[0].number for number in range(20, 32)]
    assert begins == [12, 12, 12, 16, 16, 16, 16, 20, 20, 20, 20, 24]


def test_where_not_even_the_last_turn_fits_there_is_none() -> None:
    """What is new has to do."""
    assert fitted(turns([50, 50, 50, 50, 50]), 20) == []
    assert fitted([], 0) == []
