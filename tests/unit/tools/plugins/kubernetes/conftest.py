"""Retries without pauses."""

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Three attempts at most, one right after the other."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)
