"""Tests of serve.engine.trigger."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.trigger import Trigger


@given(st.text("ab<", max_size=30), st.lists(st.integers(0, 30), max_size=6))
def test_the_cut_into_pieces_does_not_matter(text: str, cuts: list[int]) -> None:
    """The first word to end is found wherever the borders are, and what follows it in its piece is handed over."""
    raw, words = text.encode(), ("<a", "ab<")
    first = min((raw.find(w.encode()) + len(w) for w in words if w.encode() in raw), default=None)
    trigger, at = Trigger(words), 0
    for cut in [*sorted(min(c, len(raw)) for c in cuts), len(raw)]:
        begun = trigger.push(raw[at:cut])
        at = cut
        if begun is not None:
            assert first is not None
            assert raw[first:at] == begun
            return
    assert first is None


def test_a_word_of_one_letter_needs_no_memory() -> None:
    """Nothing is kept between pieces then."""
    trigger = Trigger(("{",))
    assert trigger.push(b"abc") is None
    assert trigger.push(b'{"a') == b'"a'
