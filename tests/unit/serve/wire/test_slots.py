"""Tests of serve.wire.slots."""

from __future__ import annotations

import pytest

from serve.errors import InvalidRequestError
from serve.wire.slots import MAX_NAME_BYTES, checked_name


@pytest.mark.parametrize("name", ["slot1.bin", "a", "Gespräch 7.kv", "x" * MAX_NAME_BYTES])
def test_a_plain_name_is_taken_as_it_is(name: str) -> None:
    """Of any language."""
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".hidden", "../x", "/etc/passwd", "a/b", "a\\b", "a:b", "a*", "a\n", "a\x00", "a\x85", " a"),
        *("a ", "a.", "\ud800", "\ufeffa", "x" * (MAX_NAME_BYTES + 1), "\u2215", None),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str | None) -> None:
    """Or that other systems would read otherwise."""
    with pytest.raises(InvalidRequestError, match="filename") as refused:
        checked_name(name)
    assert refused.value.param == "filename"
