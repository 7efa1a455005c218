"""How constrained output refuses: one error, whose message is a whole sentence for whoever sent the request."""

from __future__ import annotations


class GrammarError(ValueError):
    """What was asked for can't be enforced; the message says which part, its value and what is allowed."""


def shown(value: object, most: int = 80) -> str:
    """A value as an error message quotes it."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."
