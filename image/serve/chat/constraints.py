"""What an answer may look like, as a grammar: calls, JSON, thoughts before them. Pure.

A grammar either rules the whole answer, or waits for a trigger. It waits in two cases only: where the client leaves it
to the model whether to call a tool, and where the prompt has opened the thoughts, which end before anything counts. So
what was asked for holds even if a model forgets its form.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from serve.chat.call_form import CallGrammar, until
from serve.chat.formats import harmony
from serve.chat.formats.detect import Format
from serve.chat.thinking import Tags
from serve.chat.types import Conversation, FormKind, Tool, ToolMode
from serve.engine.types import FailureKind, RefusedError
from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import Rules
from serve.grammar.json_schema import spell
from serve.grammar.json_text import any_object, space
from serve.grammar.nodes import Node, alt, optional, seq


@dataclass(frozen=True, slots=True)
class Constraint:
    """A grammar, and what it waits for."""

    grammar: str | None = None
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """What the constraint depends on beside the conversation."""

    format: Format
    opened: str  # what the prompt already says of the answer
    tools: Sequence[Tool]  # those that may be called
    parallel: bool


def constrain(conversation: Conversation, now: Situation) -> Constraint:
    """RefusedError where it can't be enforced."""
    try:
        return _constrain(conversation, now)
    except GrammarError as error:
        raise RefusedError(FailureKind.BAD_PROMPT, str(error)) from error


def _constrain(conversation: Conversation, now: Situation) -> Constraint:
    wanted = conversation.response_format
    if wanted.kind is FormKind.GRAMMAR:
        return _given(wanted.source, now)
    rules = Rules()
    answer = _answer(rules, conversation, now)
    if not now.tools:
        return Constraint() if answer is None else _whole(rules, answer, now)
    calls = [CallGrammar(tool.name, _arguments(rules, tool)) for tool in now.tools]
    form = now.format.form(rules, calls, parallel=now.parallel)
    if conversation.tool_choice.mode is ToolMode.REQUIRED:
        return _whole(rules, form.whole, now)
    if answer is None:
        return Constraint(rules.text(form.after), form.triggers)
    return _whole(rules, alt([form.whole, answer]), now)


def _answer(rules: Rules, conversation: Conversation, now: Situation) -> Node | None:
    wanted = conversation.response_format
    if wanted.kind is FormKind.TEXT:
        return None
    content = any_object(rules) if wanted.kind is FormKind.JSON else _schema(rules, wanted.source)
    return harmony.final(content) if now.format.is_harmony and not now.opened else content


def _arguments(rules: Rules, tool: Tool) -> Node:
    """What can't be enforced is refused only for tools that are strict: others' schemas are wishes, as with OpenAI."""
    try:
        return rules.add("arguments", _schema(rules, tool.parameters_json, is_object=True))
    except GrammarError as error:
        if tool.strict:
            raise GrammarError(f"the parameters of the tool {tool.name!r}: {error}") from error
        return any_object(rules)


def _schema(rules: Rules, text: str, *, is_object: bool = False) -> Node:
    """The values of a schema. Arguments are objects, even if their schema forgets to say so."""
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise GrammarError(f"the schema is no JSON: {error}") from error
    if is_object and isinstance(schema, dict) and not {"type", "$ref", "anyOf", "oneOf", "allOf"} & schema.keys():
        schema = {**schema, "type": "object"}
    return spell(schema, rules)


def _whole(rules: Rules, body: Node, now: Situation) -> Constraint:
    """All of the answer, thoughts included; or what comes after thoughts that the prompt has opened."""
    tags = now.format.thoughts
    if now.format.is_harmony and not now.opened:
        return Constraint(rules.text(seq(optional(harmony.thoughts(rules)), body)))
    if tags is None:
        return Constraint(rules.text(body))
    if _is_open(now.opened, tags):
        return Constraint(rules.text(seq(space(rules), body)), (tags.end,))
    if now.opened:  # the thoughts are over, and the answer has begun
        return Constraint(rules.text(body))
    thoughts = seq(tags.start, until(rules, tags.end), space(rules))
    return Constraint(rules.text(seq(optional(thoughts), body)))


def _given(grammar: str, now: Situation) -> Constraint:
    """A client's own grammar: it knows nothing of headers and thoughts."""
    if now.tools:
        raise GrammarError("a grammar can't be combined with tools: it would forbid their calls")
    if now.format.is_harmony and not now.opened:
        return Constraint(grammar, (f"{harmony.CHANNEL}final{harmony.MESSAGE}",))
    tags = now.format.thoughts
    return Constraint(grammar, (tags.end,) if tags and _is_open(now.opened, tags) else ())


def _is_open(opened: str, tags: Tags) -> bool:
    return opened.startswith(tags.start) and tags.end not in opened
