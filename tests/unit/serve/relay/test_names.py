"""The model that a request is about."""

from __future__ import annotations

import pytest

from serve.relay.names import model_of


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/v1/chat/completions", b'{"model": "qwen", "messages": []}', "qwen"),
        ("/api/show", b'{"name": "qwen"}', "qwen"),
        ("/v1/models/a%2Fb", b"", "a/b"),
        ("/v1/models/load", b'{"model": "qwen"}', "qwen"),
        ("/v1/models/", b"", None),
        ("/v1/completions", b'{"model": 7}', None),
        ("/v1/completions", b'{"model": ', None),
        ("/v1/completions", b"[1]", None),
        ("/v1/completions", b"", None),
    ],
)
def test_it_is_in_the_body_or_in_the_path_or_nowhere(path: str, body: bytes, name: str | None) -> None:
    """What is wrong is for the server to refuse."""
    assert model_of(path, body) == name
