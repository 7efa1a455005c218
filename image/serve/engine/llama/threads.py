"""How many threads compute a step: all, or all but one. Knows times alone, neither model nor memory.

Who computes shares its cores with who speaks HTTP, and the threads of a step wait for each other at every operation:
when one of them loses its core, all wait. For a long step that is little. For one that is over before its answers are
written it is most of it: a model of 7 million parameters took 2.6 ms for 16 rows on two idle cores and 5.5 ms while
another process took half of one, where a single thread took 4 ms both times. Whether a number is faster can't be tried
out: what others do between two steps varies more than that. How many answers a second there would be can be seen.

A row of a long text is not the same to its last bits then: llama.cpp splits its attention by threads. Nor is it when
others are in its step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

ANSWER_S: Final = 0.0006
"""Steps that yield something more often than this keep another core busy: about 0.3 ms of a processor go into each
piece of an answer on its way out."""


class Threads:
    """Chooses before each step. `use` tells llama.cpp, and is called when the number changes."""

    def __init__(self, num: int, use: Callable[[int], None], clock: Callable[[], float] = time.perf_counter) -> None:
        self._num = self._used = num
        self._use = use
        self._clock = clock
        self._fastest_s: dict[int, float] = {}  # a row, in steps of about so many: others only ever make it slower

    def run(self, num_rows: int, num_answers: int, step: Callable[[], int]) -> int:
        """Compute a step that yields so many pieces of answers; returns what it returns."""
        if self._num == 1:
            return step()
        size = num_rows.bit_length()
        fastest_s = self._fastest_s.get(size)
        keeps_http_busy = fastest_s is not None and fastest_s * num_rows < ANSWER_S * num_answers
        self._set(self._num - 1 if keeps_http_busy else self._num)
        began = self._clock()
        code = step()
        row_s = (self._clock() - began) / num_rows
        self._fastest_s[size] = row_s if fastest_s is None else min(row_s, fastest_s)
        return code

    def _set(self, num: int) -> None:
        if num != self._used:
            self._use(num)
            self._used = num
