"""Generated text -> pieces. Runs in the HTTP process, one parser per choice of an answer.

A parser never fails and never loses text: what is no tool call after all is content.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import Protocol

from serve.chat.types import Content, Piece, ReasoningFormat


class Parser(Protocol):
    """However the text is cut into pushes, the joined pieces are the same."""

    def push(self, text: str) -> list[Piece]:
        """More text; what is certain by now."""

    def finish(self) -> list[Piece]:
        """No more text comes; the rest."""


def new_call_id() -> str:
    """As OpenAI's look."""
    return f"call_{secrets.token_hex(12)}"


class _Plain:
    def push(self, text: str) -> list[Piece]:
        return [Content(text)] if text else []

    def finish(self) -> list[Piece]:
        return []


def make_parser(
    format_name: str,
    opened: str = "",
    *,
    tools: Collection[str] = (),
    reasoning: ReasoningFormat = ReasoningFormat.AUTO,
    new_id: Callable[[], str] = new_call_id,
) -> Parser:
    """For an answer made by a plan with this `format` and `opened`. Only calls of `tools` are calls."""
    del format_name, opened, tools, reasoning, new_id
    return _Plain()
