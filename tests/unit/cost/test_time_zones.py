"""How far clocks differ."""

import pytest

from infra.cost.time_zones import shift_minutes


@pytest.mark.parametrize(
    ("here", "there", "minutes"),
    [
        ("UTC", "UTC", 0),
        ("Europe/Berlin", "UTC", -60),
        ("UTC", "America/New_York", -300),
        ("Asia/Kolkata", "UTC", -330),
        ("Australia/Sydney", "UTC", -600),
        ("America/New_York", "Europe/Berlin", 360),
    ],
)
def test_standard_time_counts_all_year(here: str, there: str, minutes: int) -> None:
    """Sydney's is UTC+10, though its clocks say +11 in January."""
    assert shift_minutes(here, there) == minutes


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "a\0b"])
def test_a_zone_that_is_not_known_is_none(name: str) -> None:
    """Whatever the text is."""
    assert shift_minutes(name, "UTC") is None
    assert shift_minutes("UTC", name) is None
