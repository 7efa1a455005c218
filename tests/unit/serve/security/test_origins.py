"""Tests of serve.security.origins."""

from __future__ import annotations

import pytest

from serve.errors import SetupError
from serve.security.origins import is_foreign, parse_origins


def test_origins_are_a_list_with_commas() -> None:
    """Nothing is none."""
    found = parse_origins("https://chat.example.com, http://localhost:3000,http://[::1]:5173")
    assert found == {"https://chat.example.com", "http://localhost:3000", "http://[::1]:5173"}
    assert parse_origins(" ") == frozenset()
    assert parse_origins("*") == {"*"}


@pytest.mark.parametrize("wrong", ["chat.example.com", "https://a.com/", "https://A.com", "https://*.a.com", "null"])
def test_what_no_browser_sends_is_refused(wrong: str) -> None:
    """It would never fit any."""
    with pytest.raises(SetupError, match="SLIPWAY_CORS_ORIGINS has '"):
        parse_origins(f"http://ok.com,{wrong}")


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        (None, False),  # no browser
        ("http://localhost:8000", False),  # our own page
        ("https://chat.example.com", False),
        ("https://evil.example.com", True),
        ("http://localhost:8001", True),
        ("null", True),
    ],
)
def test_a_page_is_foreign_unless_it_is_ours_or_named(origin: str | None, foreign: bool) -> None:
    """The host is what the browser asked."""
    assert is_foreign(origin, "localhost:8000", frozenset({"https://chat.example.com"})) == foreign
    assert not is_foreign(origin, "localhost:8000", frozenset({"*"}))
