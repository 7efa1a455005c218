r"""Regular expressions: the part of ECMA-262's language (JSON Schema's) that describes a text from left to right.

Literals, `.`, classes, the escapes \d \D \w \W \s \S \t \n \r \f \v \0 \xHH \uHHHH \u{H}, groups (named ones too),
alternatives, * + ? {m} {m,} {m,n} (greedy or lazy: the same texts), ^ and $ at the ends of the whole or of its
alternatives. What looks around, looks back or gives nothing back is an error that names it. \s means the white space of
ASCII only, which every dialect has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from serve.grammar.errors import GrammarError, shown
from serve.grammar.gbnf import Rules
from serve.grammar.nodes import (
    ANY,
    EMPTY,
    NOTHING,
    Alt,
    Chars,
    Node,
    Ranges,
    Repeat,
    Seq,
    Text,
    alt,
    chars,
    common,
    joined,
    may_be_empty,
    not_empty,
    repeat,
    seq,
    without,
)

MAX_PATTERN = 5_000
MAX_NESTING = 50
MAX_COUNT = 1_000_000

_DIGITS: Ranges = ((0x30, 0x39),)
_WORD: Ranges = chars("_", (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)).ranges
_SPACE: Ranges = chars("\t\n\v\f\r ").ranges
_ALL_SPACE: Ranges = chars(
    "\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff", (0x2000, 0x200A)
).ranges
_SETS: dict[str, Ranges] = {
    "d": _DIGITS,
    "D": without(ANY, _DIGITS),
    "w": _WORD,
    "W": without(ANY, _WORD),
    "s": _SPACE,
    "S": without(ANY, _ALL_SPACE),
}
_DOT: Ranges = without(ANY, chars("\n\r\u2028\u2029").ranges)
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_CODE = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}")
_COUNT = re.compile(r"\{([0-9]{1,9})(?:(,)([0-9]{0,9}))?\}")
_NAMED = re.compile(r"\(\?P?<[A-Za-z_]\w*>")
_GROUPS = {
    "(?=": "look-ahead (?=",
    "(?!": "look-ahead (?!",
    "(?<=": "look-behind (?<=",
    "(?<!": "look-behind (?<!",
    "(?>": "an atomic group (?>",
    "(?P=": "a back-reference (?P=",
    "(?(": "a condition (?(",
    "(?#": "a comment (?#",
}


@dataclass(frozen=True, slots=True)
class Branch:
    """One alternative of a whole pattern, and whether it is tied to the beginning and the end."""

    node: Node
    at_start: bool
    at_end: bool


def to_gbnf(pattern: str) -> str:
    """The grammar of the texts that match the pattern from their first to their last character."""
    rules = Rules()
    return rules.text(spell(alt(branch.node for branch in parse(pattern)), rules))


@lru_cache(maxsize=256)
def searched(pattern: str) -> Node:
    """The texts that have a match anywhere, as JSON Schema means it. References to rules do not occur in it."""
    anything = repeat(Chars(ANY), 0, None)
    return alt(
        seq(EMPTY if branch.at_start else anything, branch.node, EMPTY if branch.at_end else anything)
        for branch in parse(pattern)
    )


def spell(node: Node, rules: Rules) -> Node:
    """The same node with its repetitions in the form that llama.cpp takes."""
    if isinstance(node, Seq):
        return seq(*(spell(item, rules) for item in node.items))
    if isinstance(node, Alt):
        return alt((spell(option, rules) for option in node.options), exclusive=node.exclusive)
    if isinstance(node, Repeat):
        return rules.repeat(spell(node.item, rules), node.least, node.most)
    if isinstance(node, Chars):
        kept = common(node.ranges, ANY)
        return Chars(kept) if kept else NOTHING
    return node


def parse(pattern: str) -> tuple[Branch, ...]:
    """The alternatives of a pattern."""
    if len(pattern) > MAX_PATTERN:
        raise GrammarError(f"the pattern has {len(pattern)} characters: at most {MAX_PATTERN} are allowed")
    return _Parser(pattern).branches()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def branches(self) -> tuple[Branch, ...]:
        found = [self._branch()]
        while self._take("|"):
            found.append(self._branch())
        if self._at < len(self._pattern):
            raise self._error("a ')' without its '('")
        return tuple(found)

    def _branch(self) -> Branch:
        at_start = self._take("^")
        node = self._sequence()
        return Branch(node, at_start, self._take("$"))

    def _error(self, what: str) -> GrammarError:
        return GrammarError(f"the pattern {shown(self._pattern)} has {what} at character {self._at + 1}")

    def _peek(self, num: int = 1) -> str:
        return self._pattern[self._at : self._at + num]

    def _take(self, text: str) -> bool:
        if not self._pattern.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _sequence(self) -> Node:
        items: list[Node] = []
        while (char := self._peek()) not in ("", "|", ")"):
            if char == "$" and self._pattern[self._at + 1 : self._at + 2] in ("", "|") and self._depth == 0:
                break
            items.append(self._quantified(self._atom()))
        return seq(*items)

    def _atom(self) -> Node:
        char = self._peek()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char in "^$":
            raise self._error(f"the anchor {char!r} in the middle, where only the ends of the pattern may have one,")
        if char in "*+?" or (char == "{" and _COUNT.match(self._pattern, self._at)):
            raise self._error(f"{char!r} with nothing before it to repeat")
        if char == "\\":
            return Chars(self._escape())
        self._at += 1
        return Chars(_DOT) if char == "." else self._one(char)

    def _one(self, char: str) -> Node:
        if char == "\0" or 0xD800 <= ord(char) <= 0xDFFF:
            raise self._error("a NUL or half of a surrogate pair")
        return Text(char)

    def _group(self) -> Node:
        rest = self._pattern[self._at : self._at + 4]
        for sign, name in _GROUPS.items():
            if rest.startswith(sign):
                raise self._error(f"{name}, which is not supported,")
        named = _NAMED.match(self._pattern, self._at)
        self._at += len(named[0]) if named else 3 if rest.startswith("(?:") else 1
        if self._peek() == "?":
            raise self._error("flags or an unknown kind of group, which is not supported,")
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise self._error(f"more than {MAX_NESTING} groups in each other")
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        if not self._take(")"):
            raise self._error("a '(' without its ')'")
        self._depth -= 1
        return alt(options)

    def _quantified(self, atom: Node) -> Node:
        least, most = 1, 1
        if (count := _COUNT.match(self._pattern, self._at)) is not None:
            least = int(count[1])
            upper = None if count[2] and not count[3] else int(count[3] or least)
            if max(least, upper or 0) > MAX_COUNT or (upper is not None and upper < least):
                raise self._error(f"the quantifier {count[0]}: at most {MAX_COUNT}, the smaller number first,")
            self._at = count.end()
            return self._finished(_repeated(atom, least, upper))
        for sign, bounds in {"*": (0, None), "+": (1, None), "?": (0, 1)}.items():
            if self._take(sign):
                return self._finished(_repeated(atom, *bounds))
        return _repeated(atom, least, most)

    def _finished(self, node: Node) -> Node:
        """A `?` behind a quantifier makes it lazy, which changes no text; a `+` takes possession."""
        self._take("?")
        if self._peek() == "+":
            raise self._error("a possessive quantifier, which is not supported,")
        if self._peek() in ("*", "?") or _COUNT.match(self._pattern, self._at):
            raise self._error("two quantifiers in a row")
        return node

    def _class(self) -> Node:
        start = self._at
        self._at += 1
        is_negated = self._take("^")
        if self._peek() == "]":
            raise self._error("an empty class or a ']' that needs a '\\' before it")
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            if self._at >= len(self._pattern):
                self._at = start
                raise self._error("a '[' without its ']'")
            ranges += self._class_part()
        wanted = joined(ranges)
        return Chars(without(ANY, wanted) if is_negated else wanted)

    def _class_part(self) -> Ranges:
        if self._peek(2) in ("[:", "[.", "[="):
            raise self._error("a POSIX class, which is not supported,")
        low = self._class_char()
        if self._peek() != "-" or self._peek(2) in ("-]", "-"):
            return low
        self._at += 1
        high = self._class_char()
        if not (_is_one(low) and _is_one(high)) or high[0][0] < low[0][0]:
            raise self._error("a range that is upside down or has a class at its end")
        return without(((low[0][0], high[0][0]),), ((0xD800, 0xDFFF),))

    def _class_char(self) -> Ranges:
        if self._peek() == "\\":
            if self._peek(2) == "\\b":
                self._at += 2
                return ((8, 8),)
            return self._escape()
        node = self._one(self._peek() or "]")
        self._at += 1
        assert isinstance(node, Text)
        return ((ord(node.text), ord(node.text)),)

    def _escape(self) -> Ranges:
        char = self._pattern[self._at + 1 : self._at + 2]
        if char in _SETS and char:
            self._at += 2
            return _SETS[char]
        if (code := _CODE.match(self._pattern, self._at + 1)) is not None:
            number = int(code[1] or code[2] or code[3], 16)
            if number > ANY[-1][1] or 0xD800 <= number <= 0xDFFF:
                raise self._error("an escape that is no character of Unicode")
            self._at = code.end()
            return ((number, number),)
        if char.isdigit() and char != "0":
            raise self._error(f"the back-reference \\{char}, which is not supported,")
        if (char in _CONTROLS and not self._pattern[self._at + 2 : self._at + 3].isdigit()) or (
            char in _CONTROLS and char != "0"
        ):
            self._at += 2
            return ((ord(_CONTROLS[char]), ord(_CONTROLS[char])),)
        if not char or char.isalnum() or ord(char) > 0x7E:
            raise self._error(f"the escape \\{char}, which is not supported,")
        self._at += 2
        return ((ord(char), ord(char)),)


def _is_one(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def _repeated(node: Node, least: int, most: int | None) -> Node:
    """The node so many times. What may be empty is repeated without that: else there would be no end to it."""
    if node == EMPTY or most == 0:
        return EMPTY
    if least == most == 1:
        return node
    if may_be_empty(node):
        return repeat(not_empty(node), 0, most)
    return repeat(node, least, most)
