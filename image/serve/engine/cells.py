"""How many KV tokens are spoken for, when sequences share their beginnings. Pure bookkeeping.

Each sequence is a path of segments from the first token to its last; a shared beginning is a shared segment and counts
once. Like a tree of prefixes without the tokens:

    0 ──── system prompt ──── 900 ─┬─ question A ── 950
                                   └─ question B ── 1020       used: 900 + 50 + 120
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator


class _Segment:
    __slots__ = ("end", "parent", "refs", "start")

    def __init__(self, parent: _Segment | None, start: int, end: int, refs: int) -> None:
        self.parent, self.start, self.end, self.refs = parent, start, end, refs


class Cells:
    """Paths by sequence id."""

    def __init__(self) -> None:
        self._leaf: dict[int, _Segment] = {}
        self.num_used = 0  # tokens, each shared one counted once
        self.num_shared = 0  # of them, those of two sequences or more

    def __contains__(self, seq: int) -> bool:
        return seq in self._leaf

    def __len__(self) -> int:
        return len(self._leaf)

    def __iter__(self) -> Iterator[int]:
        return iter(self._leaf)

    def add(self, seq: int, num_tokens: int) -> None:
        """A sequence of its own."""
        self._leaf[seq] = _Segment(None, 0, num_tokens, 1)
        self.num_used += num_tokens

    def branch(self, source: int, seq: int, at: int, num_tokens: int) -> None:
        """A sequence whose first `at` tokens are those of `source`."""
        stem = self._cut(source, at)
        node: _Segment | None = stem
        while node is not None:
            if node.refs == 1:
                self.num_shared += node.end - node.start
            node.refs += 1
            node = node.parent
        self._leaf[seq] = _Segment(stem, at, num_tokens, 1)
        self.num_used += num_tokens - at

    def resize(self, seq: int, num_tokens: int) -> None:
        """It will need no more than these, or needs more: only what it shares with nobody can change."""
        leaf = self._leaf[seq]
        assert leaf.refs == 1
        assert leaf.start <= num_tokens
        self.num_used += num_tokens - leaf.end
        leaf.end = num_tokens

    def can_resize(self, seq: int, num_tokens: int) -> bool:
        """Does it share nothing beyond these tokens?"""
        leaf = self._leaf[seq]
        return leaf.refs == 1 and leaf.start <= num_tokens

    def num_own(self, seq: int) -> int:
        """Tokens that would be free without it."""
        own, node = 0, self._leaf.get(seq)
        while node is not None and node.refs == 1:
            own += node.end - node.start
            node = node.parent
        return own

    def num_used_by(self, seqs: Iterable[int]) -> int:
        """Tokens that would be used if there were only these."""
        return sum(segment.end - segment.start for segment in self._holders(seqs))

    def num_shared_by(self, seqs: Iterable[int]) -> int:
        """Tokens that two or more of these share."""
        return sum(segment.end - segment.start for segment, num in self._holders(seqs).items() if num > 1)

    def _holders(self, seqs: Iterable[int]) -> Counter[_Segment]:
        """Each segment, and how many of these sequences run through it."""
        found: Counter[_Segment] = Counter()
        for seq in seqs:
            node: _Segment | None = self._leaf[seq]
            while node is not None:
                found[node] += 1
                node = node.parent
        return found

    def remove(self, seq: int) -> None:
        """It is gone; what others share stays."""
        node: _Segment | None = self._leaf.pop(seq)
        while node is not None:
            node.refs -= 1
            if node.refs == 0:
                self.num_used -= node.end - node.start
            elif node.refs == 1:
                self.num_shared -= node.end - node.start
            node = node.parent

    def rename(self, old: int, new: int) -> None:
        """The same path under another id."""
        self._leaf[new] = self._leaf.pop(old)

    def _cut(self, seq: int, at: int) -> _Segment | None:
        """The segment of a path that ends exactly at `at`; splits one where it must."""
        leaf = self._leaf[seq]
        assert 0 <= at <= leaf.end
        node: _Segment | None = leaf
        while node is not None and at <= node.start:
            node = node.parent
        if node is None or node.end == at:
            return node
        head = _Segment(node.parent, node.start, at, node.refs)
        node.parent, node.start = head, at
        return head
