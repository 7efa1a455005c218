"""JSON strings between lengths, of a pattern, or of a format."""

from __future__ import annotations

from serve.grammar.errors import GrammarError
from serve.grammar.formats import PATTERNS
from serve.grammar.gbnf import Rules
from serve.grammar.json_text import any_string, one_char, one_of, spelled
from serve.grammar.nodes import EMPTY, NOTHING, Alt, Chars, Node, Ref, Repeat, Seq, Text, alt, repeat, seq
from serve.grammar.regex import searched
from serve.grammar.schema import Clause, Place, combine


def string(place: Place, rules: Rules) -> Node:
    """The strings that fit all clauses."""
    least = combine(place, lambda clause: clause.count("minLength"), max) or 0
    most = combine(place, lambda clause: clause.count("maxLength"), min)
    if most is not None and most < least:
        return NOTHING
    patterns = {pattern: (clause, keyword) for clause in place for keyword, pattern in _patterns(clause)}
    if not patterns:
        return any_string(rules, least, most)
    (pattern, (clause, keyword)), *others = patterns.items()
    if others:
        raise others[0][1][0].wrong(others[0][1][1], f"it can't be combined with {clause.path}/{keyword}")
    name = str(clause.keywords["format"]) if keyword == "format" and (least, most) == (0, None) else ""
    if name in rules.nodes:
        return Ref(name)
    try:
        node = searched(pattern)
    except GrammarError as error:
        raise GrammarError(f"{clause.path}/{keyword}: {error}") from None
    cut = within(node, least, most)
    if cut is None:
        raise clause.wrong(
            keyword, "minLength and maxLength can't be combined with it: put the length into the pattern"
        )
    if cut == NOTHING:
        return NOTHING
    if keyword == "pattern":
        alone = Rules()
        alone.text(_written(cut, alone))  # refuses what can be read in too many ways
        return seq('"', _written(cut, rules), '"')
    written = seq('"', _written(cut, rules), '"')
    return rules.once(name, written) if name else written


def _patterns(clause: Clause) -> list[tuple[str, str]]:
    """What a clause asks for as patterns, each with its keyword. An unknown format is an annotation."""
    found = []
    if "pattern" in clause:
        pattern = clause.keywords["pattern"]
        if not isinstance(pattern, str):
            raise clause.wrong("pattern", "it must be a string")
        found.append(("pattern", pattern))
    form = clause.keywords.get("format")
    if isinstance(form, str) and form in PATTERNS:
        found.append(("format", PATTERNS[form]))
    return found


def _written(node: Node, rules: Rules) -> Node:
    """The node's texts as the content of a JSON string."""
    if isinstance(node, Text):
        return Text(spelled(node.text))
    if isinstance(node, Chars):
        return one_char(node.ranges)
    if isinstance(node, Seq):
        return seq(*(_written(item, rules) for item in node.items))
    if isinstance(node, Alt):
        texts = [option.text for option in node.options if isinstance(option, Text)]
        if len(texts) == len(node.options) and texts:
            return one_of(spelled(text) for text in texts)
        return alt(_written(option, rules) for option in node.options)
    assert isinstance(node, Repeat)
    return rules.repeat(_written(node.item, rules), node.least, node.most)


def within(node: Node, least: int, most: int | None) -> Node | None:
    """The node's texts between two lengths; None where that can't be said by changing a count."""
    shortest, longest = lengths(node)
    if shortest >= least and (most is None or (longest is not None and longest <= most)):
        return node
    items = node.items if isinstance(node, Seq) else (node,)
    open_items = [at for at, item in enumerate(items) if lengths(item)[0] != lengths(item)[1]]
    if len(open_items) != 1:
        return None
    (at,) = open_items
    item = items[at]
    if not isinstance(item, Repeat) or lengths(item.item) != (1, 1):
        return None
    fixed = shortest - item.least
    low = max(item.least, least - fixed)
    ends = [end for end in (item.most, None if most is None else most - fixed) if end is not None]
    high = min(ends, default=None)
    if high is not None and high < low:
        return NOTHING
    middle = EMPTY if high == 0 else repeat(item.item, low, high)
    return seq(*items[:at], middle, *items[at + 1 :])


def lengths(node: Node) -> tuple[int, int | None]:
    """How short and how long the node's texts can be."""
    if isinstance(node, Text):
        return len(node.text), len(node.text)
    if isinstance(node, Chars):
        return 1, 1
    if isinstance(node, Repeat):
        shortest, longest = lengths(node.item)
        most = None if node.most is None or longest is None else node.most * longest
        return node.least * shortest, most
    parts = [lengths(part) for part in (node.options if isinstance(node, Alt) else getattr(node, "items", ()))]
    tops = [longest for _, longest in parts]
    if isinstance(node, Alt):
        most = None if None in tops else max((top for top in tops if top is not None), default=0)
        return min((shortest for shortest, _ in parts), default=0), most
    return sum(shortest for shortest, _ in parts), None if None in tops else sum(top for top in tops if top is not None)
