"""Durations as people say them."""

import pytest

from tools.progress import duration


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.42, "0.4 s"), (12, "12 s"), (119, "119 s"), (200, "3 min 20 s"), (3600, "60 min 00 s")]
)
def test_durations_are_short_and_have_a_unit(seconds: float, said: str) -> None:
    """No figure without its unit."""
    assert duration(seconds) == said
