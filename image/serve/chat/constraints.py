"""What an answer may look like, as a grammar: calls, JSON, thoughts before them. Pure.

A grammar either rules the whole answer, or waits for a trigger. It waits in two cases only: where the client leaves it
to the model whether to call a tool, and where the prompt has opened the thoughts, which end before anything counts. So
what was asked for holds even if a model forgets its form.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from serve.chat.call_form import CallGrammar, until
from serve.chat.formats import harmony
from serve.chat.formats.detect import Format
from serve.chat.thinking import Tags
from serve.chat.types import FormKind, ResponseFormat, Tool
from serve.engine.errors import RefusedError
from serve.engine.types import FailureKind
from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import Rules
from serve.grammar.json_schema import spell
from serve.grammar.json_text import any_object, space
from serve.grammar.nodes import Node, alt, optional, seq

_MEAN_MORE = {"$ref", "anyOf", "oneOf", "allOf", "patternProperties"}  # of these, nothing is assumed


@dataclass(frozen=True, slots=True)
class Constraint:
    """A grammar, and what it waits for."""

    grammar: str | None = None
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the constraint depends on."""

    format: Format
    opened: str  # what the prompt already says of the answer
    answer: ResponseFormat
    tools: tuple[Tool, ...]  # those that may be called
    must_call: bool
    parallel: bool


@lru_cache(maxsize=32)  # clients send the same tools again and again, and twenty of them are a twentieth of a second
def constrain(wanted: Wanted) -> Constraint:
    """RefusedError where it can't be enforced."""
    try:
        return _constrain(wanted)
    except GrammarError as error:
        raise RefusedError(FailureKind.BAD_PROMPT, str(error)) from error


def _constrain(wanted: Wanted) -> Constraint:
    if wanted.answer.kind is FormKind.GRAMMAR:
        return _given(wanted)
    rules = Rules()
    answer = _answer(rules, wanted)
    if not wanted.tools:
        return Constraint() if answer is None else _whole(rules, answer, wanted)
    calls = [CallGrammar(tool.name, _arguments(rules, tool)) for tool in wanted.tools]
    form = wanted.format.form(rules, calls, parallel=wanted.parallel)
    if wanted.must_call:
        return _whole(rules, form.whole, wanted)
    if answer is None:
        return Constraint(rules.text(form.after), form.triggers)
    return _whole(rules, alt([form.whole, answer]), wanted)


def _answer(rules: Rules, wanted: Wanted) -> Node | None:
    if wanted.answer.kind is FormKind.TEXT:
        return None
    content = any_object(rules) if wanted.answer.kind is FormKind.JSON else _schema(rules, wanted.answer.source)
    return harmony.final(content) if wanted.format.is_harmony and not _is_final(wanted.opened) else content


def _arguments(rules: Rules, tool: Tool) -> Node:
    """What can't be enforced is refused only for tools that are strict: others' schemas are wishes, as with OpenAI."""
    try:
        return rules.add("arguments", _schema(rules, tool.parameters_json, is_object=True))
    except GrammarError as error:
        if tool.strict:
            raise GrammarError(f"the parameters of the tool {tool.name!r}: {error}") from error
        return any_object(rules)


def _schema(rules: Rules, text: str, *, is_object: bool = False) -> Node:
    """The values of a schema. Arguments are objects even if nobody says so, and no properties means none."""
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise GrammarError(f"the schema is no JSON: {error}") from error
    if is_object and isinstance(schema, dict) and not _MEAN_MORE & schema.keys():
        schema = {"additionalProperties": "properties" not in schema, **schema, "type": "object"}
    return spell(schema, rules)


def _whole(rules: Rules, body: Node, wanted: Wanted) -> Constraint:
    """All of the answer, thoughts included; or what comes after thoughts that the prompt has opened."""
    tags = wanted.format.thoughts
    if wanted.format.is_harmony and not _is_final(wanted.opened):
        thinks = harmony.rest_of_thoughts(rules) if wanted.opened else optional(harmony.thoughts(rules))
        return Constraint(rules.text(seq(thinks, body)))
    if tags is None:
        return Constraint(rules.text(body))
    if _is_open(wanted.opened, tags):
        return Constraint(rules.text(seq(space(rules), body)), (tags.end,))
    if wanted.opened:  # the thoughts are over, and the answer has begun
        return Constraint(rules.text(body))
    thoughts = seq(tags.start, until(rules, tags.end), space(rules))
    return Constraint(rules.text(seq(optional(thoughts), body)))


def _given(wanted: Wanted) -> Constraint:
    """A client's own grammar: it knows nothing of headers and thoughts."""
    if wanted.tools:
        raise GrammarError("a grammar can't be combined with tools: it would forbid their calls")
    if wanted.format.is_harmony and not _is_final(wanted.opened):
        return Constraint(wanted.answer.source, (f"{harmony.CHANNEL}final{harmony.MESSAGE}",))
    tags = wanted.format.thoughts
    return Constraint(wanted.answer.source, (tags.end,) if tags and _is_open(wanted.opened, tags) else ())


def _is_open(opened: str, tags: Tags) -> bool:
    return opened.startswith(tags.start) and tags.end not in opened


def _is_final(opened: str) -> bool:
    """Has harmony's answer begun?"""
    return f"{harmony.CHANNEL}final" in opened
