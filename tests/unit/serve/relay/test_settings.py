"""Where the relay's servers are."""

from __future__ import annotations

import pytest

from serve.errors import SetupError
from serve.relay.settings import parse_servers


def test_addresses_keep_their_order_and_are_there_once() -> None:
    """The first that has a model is the one that is asked."""
    assert parse_servers("http://b:8000, http://a:8000/,http://b:8000") == ("http://b:8000", "http://a:8000")


@pytest.mark.parametrize(
    "text", ["", " , ", "qwen:8000", "https://qwen", "http://qwen/v1", "http://u:p@qwen", "http://"]
)
def test_what_is_no_address_is_named(text: str) -> None:
    """Before anything listens."""
    with pytest.raises(SetupError, match="SLIPWAY_SERVERS"):
        parse_servers(text)
