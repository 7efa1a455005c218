"""Tests of serve.engine.drafts."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.drafts import NGRAM_TOKENS, PAUSE_TOKENS, NgramDraft
from serve.engine.sequence import Sequence
from serve.engine.types import Request


def tokens_of(*tokens: int) -> array[int]:
    """As a sequence has them."""
    return array("i", tokens)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40), st.integers(1, 6))
def test_a_guess_is_what_followed_the_same_words_the_last_time(tokens: list[int], most: int) -> None:
    """Compared with a search through the whole text."""
    last = tokens[-NGRAM_TOKENS:]
    expected: tuple[int, ...] = ()
    for end in range(len(tokens) - 1, NGRAM_TOKENS - 1, -1):
        if tokens[end - NGRAM_TOKENS : end] == last:
            expected = tuple(tokens[end : end + most])
            break
    assert NgramDraft(most).propose(tokens_of(*tokens), 10) == expected


def test_it_learns_from_tokens_as_they_come() -> None:
    """Asked after each token, it knows no less than when asked at the end."""
    draft, growing = NgramDraft(4), tokens_of(1)
    for token in (2, 3, 4, 5, 1, 2, 3):
        draft.propose(growing, 4)
        growing.append(token)
    assert draft.propose(growing, 4) == (4, 5, 1, 2)


def test_no_guess_goes_beyond_the_room() -> None:
    """The last token that a sequence may have is never guessed: it is chosen."""
    for max_tokens, expected in ((2, (4,)), (1, ())):
        sequence = Sequence(Request(1, (1, 2, 3, 4, 1, 2, 3)), 0, max_tokens, 0.0)
        sequence.draft = NgramDraft(4)
        assert sequence.guess(4) == expected


def test_who_guesses_badly_pauses() -> None:
    """Wrong guesses cost time: after a few there are none for a while."""
    draft, growing = NgramDraft(4), tokens_of(*[1, 2, 3] * 4)
    assert draft.propose(growing, 4)
    for _ in range(6):
        draft.learn(4, 0, len(growing))
    assert draft.propose(growing, 4) == ()
    growing.extend([1, 2, 3] * PAUSE_TOKENS)
    assert draft.propose(growing, 4)
