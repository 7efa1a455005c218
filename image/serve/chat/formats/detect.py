"""Which format a model writes, by the words in its template. What nobody here knows gets our own, generic form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from serve.chat.call_form import CallForm, CallGrammar
from serve.chat.formats import deepseek, generic, harmony, hermes, llama3, mistral
from serve.chat.thinking import MISTRAL_THINK, THINK, Tags
from serve.grammar.gbnf import Rules


class MakeForm(Protocol):
    """Tools -> how calls of them are written."""

    def __call__(self, rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
        """Into these rules."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a model writes calls and thoughts. `name` is what make_parser knows it by."""

    name: str
    form: MakeForm
    thoughts: Tags | None = None
    marks: tuple[str, ...] = ()  # what must come as text even if it is a control token

    @property
    def is_harmony(self) -> bool:
        """Its answers stand in messages with headers."""
        return self.name == "harmony"

    @property
    def is_generic(self) -> bool:
        """The template knows nothing of calls: we do all of it."""
        return self.name.partition("+")[0] == "generic"


def detect(source: str, *, describes_tools: bool) -> Format:
    """For a template, and what probing it said about tools."""
    if "<|channel|>" in source and "<|start|>" in source:
        return Format("harmony", harmony.form, marks=(harmony.CHANNEL, harmony.MESSAGE))
    name, form, marks = _calls(source) if describes_tools else ("generic", generic.form, ())
    if "[THINK]" in source:
        return Format(f"{name}+mistral-think", form, MISTRAL_THINK, (*marks, MISTRAL_THINK.start, MISTRAL_THINK.end))
    if THINK.start in source or THINK.end in source:
        return Format(f"{name}+think", form, THINK, (*marks, THINK.start, THINK.end))
    return Format(name, form, None, marks)


def _calls(source: str) -> tuple[str, MakeForm, tuple[str, ...]]:
    if mistral.OPEN in source:
        form = mistral.named_form if mistral.ARGUMENTS in source else mistral.list_form
        return "mistral", form, (mistral.OPEN, mistral.ARGUMENTS, mistral.CALL_ID)
    if deepseek.OPEN in source:
        fenced = deepseek.FENCE in source
        return "deepseek", deepseek.fenced_form if fenced else deepseek.bare_form, (deepseek.ALL_OPEN, deepseek.OPEN)
    if hermes.OPEN in source and "<function=" not in source and "<arg_key>" not in source:
        return "hermes", hermes.form, (hermes.OPEN, hermes.CLOSE)
    if "<|start_header_id|>" in source and '"parameters": ' in source:
        return "llama3", llama3.form, (llama3.PYTHON_TAG,)
    return "generic", generic.form, ()


def must_show(found: Format, vocab_has: Callable[[str], bool]) -> bool:
    """Are any of its marks tokens of their own, so that they would not come as text?"""
    return found.is_harmony or any(vocab_has(mark) for mark in found.marks)
