"""A user's GBNF text as nodes, read as llama.cpp's parser reads it, with an error wherever that one would fail.

llama.cpp prints a grammar that it can't parse to the standard error stream, and takes some that it should not: a
maximum above 2,000 is forgotten, one below the minimum never ends, a second rule of the same name replaces the first.
Elements that name tokens (<think>, <[42]>) are refused: beside characters they let a token pass that it then dies of.
"""

from __future__ import annotations

import re

from serve.grammar.errors import GrammarError, shown
from serve.grammar.nodes import ANY, EMPTY, Alt, Chars, Node, Ref, Repeat, Seq, Text, common, joined, without

MAX_TEXT = 200_000
MAX_NESTING = 100
MAX_REPETITIONS = 2_000

_NAME = re.compile(r"[A-Za-z0-9-]+")
_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_AND_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_COUNT = re.compile(r"[ \t]*([0-9]+)[ \t]*(?:(,)[ \t]*([0-9]*)[ \t]*)?\}")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([trn\\\"\[\]-]))")
_SIGNS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_CONTROLS = {"t": "\t", "r": "\r", "n": "\n"}


def parse(text: str) -> dict[str, Node]:
    """The rules by name, in their order."""
    if len(text) > MAX_TEXT:
        raise GrammarError(f"the grammar has {len(text)} characters: at most {MAX_TEXT} are allowed")
    if "\0" in text or any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise GrammarError("the grammar has a NUL or half of a surrogate pair in it: write it as an escape, \\x00")
    return _Parser(text).rules()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._symbols: set[str] = set()  # names met so far ...
        self._made = 0  # ... and rules that llama.cpp makes for groups and repetitions: it bounds their product

    def rules(self) -> dict[str, Node]:
        rules: dict[str, Node] = {}
        self._skip(lines=True)
        while self._at < len(self._text):
            name = self._name()
            self._skip(lines=False)
            if not self._text.startswith("::=", self._at):
                raise self._error("'::=' after the name of a rule")
            self._at += 3
            if name in rules:
                raise GrammarError(f"the grammar defines the rule {name!r} twice")
            self._skip(lines=True)
            rules[name] = self._alternatives(nested=False)
            if self._at < len(self._text) and self._text[self._at] not in "\r\n":
                raise self._error("the end of the line")
            self._skip(lines=True)
        return rules

    def _error(self, expected: str) -> GrammarError:
        line = self._text.count("\n", 0, self._at) + 1
        rest = self._text[self._at : self._at + 30]
        return GrammarError(f"the grammar's line {line} has {shown(rest)} where {expected} should be")

    def _skip(self, *, lines: bool) -> None:
        match = (_SPACE_AND_LINES if lines else _SPACE).match(self._text, self._at)
        assert match is not None
        self._at = match.end()

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            raise self._error("the name of a rule (letters, digits and '-')")
        self._at = match.end()
        self._symbols.add(match[0])
        return match[0]

    def _num_symbols(self) -> int:
        return len(self._symbols) + self._made

    def _alternatives(self, *, nested: bool) -> Node:
        options = [self._sequence(nested=nested)]
        while self._text.startswith("|", self._at):
            self._at += 1
            self._skip(lines=True)
            options.append(self._sequence(nested=nested))
        return options[0] if len(options) == 1 else Alt(tuple(options))

    def _sequence(self, *, nested: bool) -> Node:
        items: list[Node] = []
        while (item := self._item()) is not None:
            node, num_rules = item
            self._skip(lines=nested)
            while (count := self._repetition(node, nested=nested)) is not None:
                node, num_rules = self._repeated(node, num_rules, *count)
            items.append(node)
        return items[0] if len(items) == 1 else Seq(tuple(items))

    def _item(self) -> tuple[Node, int] | None:
        """The next element, and how many rules llama.cpp makes for it."""
        char = self._text[self._at : self._at + 1]
        if char == '"':
            return self._literal(), 1
        if char == "[":
            return self._class(), 1
        if char == "(":
            return self._group()
        if char == ".":
            self._at += 1
            return Chars(ANY), 1
        if char in ("<", "!"):
            raise self._error("characters: elements that name tokens are not supported, so something else")
        return (Ref(self._name()), 1) if _NAME.match(char) else None

    def _group(self) -> tuple[Node, int]:
        before = self._num_symbols()
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise GrammarError(f"the grammar nests more than {MAX_NESTING} brackets")
        self._at += 1
        self._made += 1
        self._skip(lines=True)
        node = self._alternatives(nested=True)
        if not self._text.startswith(")", self._at):
            raise self._error("')'")
        self._at += 1
        self._depth -= 1
        return node, max(1, self._num_symbols() - before)

    def _literal(self) -> Node:
        self._at += 1
        found: list[str] = []
        while not self._text.startswith('"', self._at):
            found.append(self._char())
        if "\0" in found:
            raise self._error("a literal without NUL before this, where")
        self._at += 1
        return Text("".join(found)) if found else EMPTY

    def _class(self) -> Node:
        self._at += 1
        is_negated = self._text.startswith("^", self._at)
        self._at += is_negated
        ranges: list[tuple[int, int]] = []
        while not self._text.startswith("]", self._at):
            low = high = ord(self._char())
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                high = ord(self._char())
            if high < low:
                raise self._error(f"a class without the range {chr(low)!r}-{chr(high)!r}, which is upside down,")
            ranges.append((low, high))
        self._at += 1
        if not ranges:
            raise self._error("a character class that is not empty")
        wanted = joined(ranges)
        return Chars(without(ANY, wanted) if is_negated else common(wanted, ANY))

    def _char(self) -> str:
        if self._at >= len(self._text):
            raise self._error("the end of a literal or class")
        char = self._text[self._at]
        if char != "\\":
            self._at += 1
            return char
        match = _ESCAPE.match(self._text, self._at)
        if match is None:
            raise self._error(r"one of the escapes \xHH \uHHHH \UHHHHHHHH \t \r \n \\ \" \[ \] \-")
        code = int(match[1] or match[2] or match[3] or "0", 16)
        if code > ANY[-1][1] or 0xD800 <= code <= 0xDFFF:
            raise self._error("a character of Unicode")
        self._at = match.end()
        return _CONTROLS.get(match[4], match[4]) if match[4] else chr(code)

    def _repetition(self, node: Node, *, nested: bool) -> tuple[int, int | None] | None:
        sign = self._text[self._at : self._at + 1]
        if sign not in ("*", "+", "?", "{"):
            return None
        if node == EMPTY:
            raise self._error("something before a repetition, which")
        if sign != "{":
            self._at += 1
            self._skip(lines=nested)
            return _SIGNS[sign]
        match = _COUNT.match(self._text, self._at + 1)
        if match is None:
            raise self._error("a repetition like {3}, {3,} or {3,5}")
        least, most = int(match[1][:9]), int(match[3][:9]) if match[3] else None
        most = most if match[2] else least
        if max(least, most or 0) > MAX_REPETITIONS or (most is not None and most < least):
            raise self._error(f"a repetition of at most {MAX_REPETITIONS}, the smaller number first,")
        self._at = match.end()
        self._skip(lines=nested)
        return least, most

    def _repeated(self, node: Node, num_rules: int, least: int, most: int | None) -> tuple[Node, int]:
        times = most or least or 1
        if num_rules * times > MAX_REPETITIONS:
            raise self._error(
                f"less: groups times repetitions are more than llama.cpp's {MAX_REPETITIONS} before this, where"
            )
        self._made += 1 if most is None else most - least
        return (EMPTY if most == 0 else Repeat(node, least, most)), num_rules * times
