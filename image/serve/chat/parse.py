"""Generated text -> pieces. Runs in the HTTP process, one parser per choice of an answer.

A parser never fails and never loses text: what is no tool call after all is content.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import Protocol

from serve.chat.calls import CallMachine, Calls
from serve.chat.formats.deepseek import DeepSeekParser
from serve.chat.formats.generic import GenericParser
from serve.chat.formats.harmony import HarmonyParser
from serve.chat.formats.hermes import HermesParser
from serve.chat.formats.llama3 import Llama3Parser
from serve.chat.formats.mistral import MistralParser
from serve.chat.formats.plain import PlainParser
from serve.chat.machine import Machine
from serve.chat.thinking import MISTRAL_THINK, THINK, Thinking
from serve.chat.types import Piece, ReasoningFormat

_CALLS: dict[str, Callable[[Calls], CallMachine]] = {
    "hermes": HermesParser,
    "llama3": Llama3Parser,
    "mistral": MistralParser,
    "deepseek": DeepSeekParser,
    "generic": GenericParser,
}
_THOUGHTS = {"think": THINK, "mistral-think": MISTRAL_THINK}


class Parser(Protocol):
    """However the text is cut into pushes, the joined pieces are the same."""

    def push(self, text: str) -> list[Piece]:
        """More text; what is certain by now."""

    def finish(self) -> list[Piece]:
        """No more text comes; the rest."""


def make_parser(
    format_name: str,
    opened: str = "",
    *,
    tools: Collection[str] = (),
    reasoning: ReasoningFormat = ReasoningFormat.AUTO,
    new_id: Callable[[], str] | None = None,
) -> Parser:
    """For an answer made by a plan with this `format` and `opened`. Only calls of `tools` are calls.

    A format is named by how it writes calls and, after a plus, how it marks thoughts: "hermes+think". An unknown one
    (of a worker newer than this process) is plain text.
    """
    of_calls, _, of_thoughts = format_name.partition("+")
    calls = Calls(frozenset(tools), new_id or (_short_id if of_calls == "mistral" else _call_id))
    parser: Machine
    if of_calls == "harmony":
        parser = HarmonyParser(calls, reasoning)
    elif of_calls in _CALLS and tools:
        parser = _CALLS[of_calls](calls)
    else:
        parser = PlainParser()
    if of_thoughts in _THOUGHTS:
        parser = Thinking(_THOUGHTS[of_thoughts], parser, reasoning)
    parser.push(opened)  # the prompt has it, so it is no part of the answer
    return parser


def _call_id() -> str:
    """As OpenAI's look."""
    return f"call_{secrets.token_hex(12)}"


def _short_id() -> str:
    """As Mistral's templates demand them."""
    return secrets.token_hex(5)[:9]
