"""Tests of serve.answers.logprobs."""

from __future__ import annotations

from serve.answers.logprobs import LEAST, columns, entries
from serve.engine.types import TokenScore

FIRST = TokenScore(1, b"<s>", None)
SCORE = TokenScore(5, "é".encode(), -0.5, ((5, "é".encode(), -0.5), (6, b"\xff", float("-inf"))))


def test_chats_get_objects() -> None:
    """Text, bytes, and what else was likely; half a character is told by its bytes."""
    (found,) = entries([SCORE])
    assert found == {
        "id": 5,
        "token": "é",
        "bytes": [0xC3, 0xA9],
        "logprob": -0.5,
        "top_logprobs": [
            {"id": 5, "token": "é", "bytes": [0xC3, 0xA9], "logprob": -0.5},
            {"id": 6, "token": "\ufffd", "bytes": [0xFF], "logprob": LEAST},
        ],
    }


def test_text_completions_get_columns() -> None:
    """With where each token begins in the text; the first token of a prompt has no score."""
    assert columns([FIRST, SCORE], 10) == {
        "tokens": ["<s>", "é"],
        "token_logprobs": [None, -0.5],
        "top_logprobs": [None, {"é": -0.5, "\ufffd": LEAST}],
        "text_offset": [10, 13],
    }
