"""Scores of tokens in OpenAI's two forms: a list of objects for chats, columns for text completions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from serve.engine.types import TokenScore

LEAST = -9999.0  # JSON has no infinity; OpenAI writes this


def entries(scores: Iterable[TokenScore]) -> list[dict[str, Any]]:
    """For chats."""
    return [
        _entry(score.token, score.piece, score.logprob) | {"top_logprobs": [_entry(*each) for each in score.top]}
        for score in scores
    ]


def _entry(token: int, piece: bytes, logprob: float | None) -> dict[str, Any]:
    return {"id": token, "token": text(piece), "bytes": list(piece), "logprob": finite(logprob)}


def columns(scores: Iterable[TokenScore], offset: int) -> dict[str, Any]:
    """For text completions. `offset` is where their text begins in all that was said."""
    told: dict[str, list[Any]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for score in scores:
        token = text(score.piece)
        told["tokens"].append(token)
        told["token_logprobs"].append(finite(score.logprob))
        has_top = score.logprob is not None and score.top
        told["top_logprobs"].append({text(piece): finite(value) for _, piece, value in score.top} if has_top else None)
        told["text_offset"].append(offset)
        offset += len(token)
    return told


def text(piece: bytes) -> str:
    """A token as text; one that is a part of a character has none."""
    return piece.decode("utf-8", "replace")


def finite(logprob: float | None) -> float | None:
    """As JSON can say it."""
    return None if logprob is None else max(logprob, LEAST)
