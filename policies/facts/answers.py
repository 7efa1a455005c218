"""Answers of three kinds: True, False, and UNKNOWN for what only `up` knows. Joined as Kleene's logic joins them."""

from collections.abc import Iterable
from typing import Any

from kube.unknown import UNKNOWN


def every(answers: Iterable[Any]) -> Any:
    """False if any is False, else UNKNOWN if any is, else True."""
    known = list(answers)
    return False if False in known else UNKNOWN if UNKNOWN in known else True


def some(answers: Iterable[Any]) -> Any:
    """True if any is True, else UNKNOWN if any is, else False."""
    known = list(answers)
    return True if True in known else UNKNOWN if UNKNOWN in known else False
