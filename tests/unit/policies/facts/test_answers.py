"""Answers of three kinds are joined as Kleene's logic joins them."""

from typing import Any

import pytest

from kube.unknown import UNKNOWN
from policies.facts.answers import every, some


@pytest.mark.parametrize(
    ("answers", "all_of_them", "any_of_them"),
    [
        ([], True, False),
        ([True, True], True, True),
        ([False, False], False, False),
        ([True, False], False, True),
        ([True, UNKNOWN], UNKNOWN, True),
        ([UNKNOWN, False], False, UNKNOWN),
        ([UNKNOWN], UNKNOWN, UNKNOWN),
    ],
)
def test_unknown_decides_only_where_nothing_else_does(answers: list[Any], all_of_them: Any, any_of_them: Any) -> None:
    """One False decides `every`, one True decides `some`; otherwise an unknown leaves the answer unknown."""
    assert every(iter(answers)) is all_of_them
    assert some(iter(answers)) is any_of_them
