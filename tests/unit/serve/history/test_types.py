"""Whose a history is."""

from __future__ import annotations

import pytest

from serve.errors import InvalidRequestError
from serve.history.types import Owner, Turn, owner_of


@pytest.mark.parametrize("user", ["anna", "42", "a.b-c_d", "x@y.example", "auth0|5f7c", "urn:u:1", "a" * 128])
def test_what_programs_tell_users_apart_by_is_a_user_id(user: str) -> None:
    """Names, numbers, addresses, ids of login services."""
    assert owner_of("k", user) == Owner("k", user)


@pytest.mark.parametrize(
    "user", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "a\0", "a\n", "é", "%2e", "-x", "a" * 129, "completions"]
)
def test_what_may_mean_a_path_or_a_route_is_no_user_id(user: str) -> None:
    """Told with what is allowed, and with no more of it than fits a line."""
    with pytest.raises(InvalidRequestError, match="letters, digits and") as raised:
        owner_of("", user)
    assert raised.value.param == "user_id"
    assert len(str(raised.value)) < 300


def test_bytes_are_counted_as_they_are_written() -> None:
    """Not characters: a bound in bytes is one for every language."""
    assert Turn("é", "abc", "m", 0.0).num_bytes == 5
