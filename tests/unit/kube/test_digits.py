"""Numbers in text."""

from typing import Any

import pytest

from kube import digits
from kube.unknown import UNKNOWN


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("8000", 8000), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    """Also with zeros before it."""
    assert digits.whole(text) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.0", " 1", "1\n", "²", "\uff18", "x", "9" * 19, 5, None, True, UNKNOWN]
)
def test_what_is_more_than_digits_is_none(text: Any) -> None:
    """Signs, blanks, digits of other scripts, more of them than a number of the API has; and what is no text."""
    assert digits.whole(text) is None
