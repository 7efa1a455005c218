"""Numbers of pods, absolute and relative."""

from fractions import Fraction
from typing import Any

import pytest

from kube.unknown import UNKNOWN
from policies.facts.int_or_percent import pods


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2), (0, 0), ("25%", Fraction(3, 4)), ("0%", 0), ("100%", 3), (None, 0), ("2", 0), ("2% ", 0), (["2%"], 0)],
)
def test_a_share_is_of_all_pods(value: Any, expected: Any) -> None:
    """Of three; what is neither a number nor a share is none."""
    assert pods(value, 3) == expected


def test_what_only_up_knows_is_unknown() -> None:
    """The value, or of how many."""
    assert pods(UNKNOWN, 3) is UNKNOWN
    assert pods("25%", UNKNOWN) is UNKNOWN
    assert pods(2, UNKNOWN) == 2
