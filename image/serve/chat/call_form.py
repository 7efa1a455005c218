"""What formats build the grammars of their calls from. Text only: control tokens count as how they are written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from serve.grammar.gbnf import Rules
from serve.grammar.json_text import space
from serve.grammar.nodes import ANY, Chars, Node, Ref, alt, chars, optional, repeat, seq, without


@dataclass(frozen=True, slots=True)
class CallGrammar:
    """One tool: its name, and what its arguments may be."""

    name: str
    arguments: Node


@dataclass(frozen=True, slots=True)
class CallForm:
    """How a format writes calls: `whole`, or what follows the first of the triggers."""

    triggers: tuple[str, ...]
    after: Node
    whole: Node


def object_call(rules: Rules, tool: CallGrammar, key: str, *more: Node | str) -> Node:
    """{"name": "...", "<key>": {...}} with `more` before the closing brace."""
    gap = space(rules)
    name = json.dumps(tool.name, ensure_ascii=False)
    return seq("{", gap, '"name":', gap, f"{name},", gap, f'"{key}":', gap, tool.arguments, *more, gap, "}")


def objects(rules: Rules, tools: Sequence[CallGrammar], key: str, *more: Node | str) -> Node:
    """One call of any of the tools."""
    return rules.add("call", alt([object_call(rules, tool, key, *more) for tool in tools]))


def several(first: Node, further: Node, parallel: bool) -> Node:  # noqa: FBT001
    """One call, or more if the client takes more."""
    return seq(first, repeat(further, 0, None)) if parallel else first


def any_text(rules: Rules) -> Ref:
    """Whatever comes."""
    return rules.once("text", repeat(Chars(ANY), 0, None))


def until(rules: Rules, tag: str) -> Ref:
    """Any text up to the first of this tag, and the tag. One rule for each part of it that may be there already."""
    names = [rules.new_name("until") for _ in tag]
    for size, name in enumerate(names):
        options: list[Node] = []
        taken = set(tag)
        for char in sorted(taken):
            now = _longest_start(tag[:size] + char, tag)
            follows: Node = seq() if now == len(tag) else Ref(names[now])
            options.append(seq(char, follows))
        other = Chars(without(ANY, chars("".join(taken)).ranges))
        rules.nodes[name] = alt([*options, seq(other, Ref(names[0]))], exclusive=True)
    return Ref(names[0])


def _longest_start(text: str, tag: str) -> int:
    """How much of the tag the end of the text is."""
    return next(size for size in range(len(text), -1, -1) if tag.startswith(text[len(text) - size :]))


def one_of_names(rules: Rules, follows: dict[str, Node]) -> Node:
    """A tool's name and what must follow it; or any text that is no tool's name, which binds nothing."""
    return _name_tree(rules, [(f'{name}"', node) for name, node in sorted(follows.items())])


def _name_tree(rules: Rules, names: Sequence[tuple[str, Node]]) -> Node:
    branches: list[Node] = []
    for char in sorted({name[0] for name, _ in names}):
        rest = [(name[1:], node) for name, node in names if name[0] == char]
        ends = [node for name, node in rest if not name]  # the quote ends a name, so nothing else goes on here
        branches.append(seq(char, *ends) if ends else seq(char, rules.add("name", _name_tree(rules, rest))))
    first = "".join(sorted({name[0] for name, _ in names}))
    other = seq(Chars(without(ANY, chars(first).ranges)), any_text(rules))
    return optional(alt([*branches, other], exclusive=True))
