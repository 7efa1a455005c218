"""How many threads compute a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.engine.llama.threads import ANSWER_S, Threads


@dataclass
class Machine:
    """Steps take as long as they are told to."""

    now_s: float = 0.0
    used: list[int] = field(default_factory=list)

    def step(self, seconds: float, code: int = 0) -> Callable[[], int]:
        def run() -> int:
            self.now_s += seconds
            return code

        return run


@pytest.fixture
def machine() -> Machine:
    return Machine()


def threads(machine: Machine, num: int = 8) -> Threads:
    return Threads(num, machine.used.append, lambda: machine.now_s)


def test_long_steps_are_computed_by_all(machine: Machine) -> None:
    """A step that takes long for each of its answers never gives a core away."""
    crew = threads(machine)
    for _ in range(10):
        crew.run(16, 16, machine.step(16 * ANSWER_S * 1.01))
    assert machine.used == []


def test_short_steps_leave_a_core_to_http(machine: Machine) -> None:
    """Once a step was seen to be over faster than its answers are written, one thread fewer computes those like it."""
    crew = threads(machine)
    for _ in range(3):
        crew.run(16, 16, machine.step(16 * ANSWER_S * 0.5))
    assert machine.used == [7]


def test_prompts_that_yield_nothing_are_computed_by_all(machine: Machine) -> None:
    """What counts are answers: the rows of a long prompt keep nobody else busy."""
    crew = threads(machine)
    for _ in range(3):
        crew.run(512, 1, machine.step(512 * ANSWER_S * 0.01))
    assert machine.used == []


def test_a_disturbed_step_says_nothing(machine: Machine) -> None:
    """What others do makes steps slower: the fastest one of a size counts."""
    crew = threads(machine)
    crew.run(16, 16, machine.step(16 * ANSWER_S * 0.5))
    crew.run(16, 16, machine.step(16 * ANSWER_S * 50))
    crew.run(16, 16, machine.step(16 * ANSWER_S * 50))
    assert machine.used == [7]


def test_steps_of_another_size_are_judged_for_themselves(machine: Machine) -> None:
    """A number of rows that nobody has seen is computed by all, and so it is after many small steps."""
    crew = threads(machine)
    for _ in range(2):
        crew.run(1, 1, machine.step(ANSWER_S * 0.5))
    crew.run(64, 1, machine.step(ANSWER_S * 50))
    assert machine.used == [7, 8]


def test_the_code_of_a_step_is_passed_on(machine: Machine) -> None:
    """Whatever llama.cpp returns."""
    crew = threads(machine)
    assert [crew.run(rows, 1, machine.step(0.1, code=rows)) for rows in (1, 2)] == [1, 2]


@given(st.integers(1, 64), st.lists(st.tuples(st.integers(1, 600), st.integers(0, 64), st.floats(0, 1)), max_size=40))
def test_never_fewer_than_all_but_one(num: int, steps: list[tuple[int, int, float]]) -> None:
    """Whatever comes: at least one thread computes, and at most as many as are allowed."""
    machine = Machine()
    crew = threads(machine, num)
    for rows, answers, seconds in steps:
        crew.run(rows, answers, machine.step(seconds))
    assert set(machine.used) <= {max(1, num - 1), num}
