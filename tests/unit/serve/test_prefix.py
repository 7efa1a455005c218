"""Tests of serve.engine.prefix."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.prefix import num_common

TOKENS = st.lists(st.integers(0, 3), max_size=40)


@given(TOKENS, TOKENS, TOKENS)
def test_the_common_beginning_is_as_long_as_it_is(head: list[int], a: list[int], b: list[int]) -> None:
    """The same as counting token by token."""
    left, right = head + a, head + b
    expected = 0
    while expected < min(len(left), len(right)) and left[expected] == right[expected]:
        expected += 1
    assert num_common(array("i", left).tobytes(), array("i", right).tobytes()) == expected
