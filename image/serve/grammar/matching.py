"""Is a text one of a node's? For values of enums and names of properties, which are compared and not generated."""

from __future__ import annotations

from serve.grammar.errors import GrammarError, shown
from serve.grammar.nodes import Alt, Chars, Node, Repeat, Seq, Text

MAX_STEPS = 300_000


def does_match(node: Node, text: str) -> bool:
    """Is this whole text one of the node's? In bounded time, however the pattern is made."""
    return len(text) in _Matching(text).ends(node, frozenset({0}))


class _Matching:
    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = 0

    def ends(self, node: Node, starts: frozenset[int]) -> frozenset[int]:
        """Where the node's texts can end that begin at one of these places."""
        text = self._text
        self._steps += 1 + len(starts)
        if self._steps > MAX_STEPS:
            raise GrammarError(f"the pattern takes too long to compare with {shown(text)}: make it simpler")
        if isinstance(node, Text):
            return frozenset(at + len(node.text) for at in starts if text.startswith(node.text, at))
        if isinstance(node, Chars):
            inside = (at for at in starts if at < len(text))
            return frozenset(at + 1 for at in inside if any(low <= ord(text[at]) <= high for low, high in node.ranges))
        if isinstance(node, Seq):
            for item in node.items:
                starts = self.ends(item, starts)
            return starts
        if isinstance(node, Alt):
            return frozenset().union(*(self.ends(option, starts) for option in node.options))
        assert isinstance(node, Repeat)
        return self._repeated(node, starts)

    def _repeated(self, node: Repeat, starts: frozenset[int]) -> frozenset[int]:
        """No repetition is empty: places that were reached before lead nowhere new if there is no most."""
        found: frozenset[int] = frozenset()
        times = 0
        while starts and (node.most is None or times <= node.most):
            if times >= node.least:
                starts = starts - found if node.most is None else starts
                found |= starts
            starts = self.ends(node.item, starts)
            times += 1
        return found
