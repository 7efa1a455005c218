"""Tests of serve.engine.text."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from serve.engine.text import TextStream

# Few letters, so that stop strings really occur; some that take several bytes; bytes that are no UTF-8 at all.
LETTERS = st.text(st.sampled_from("abé€😀 \n"), max_size=30)
BYTES = st.lists(st.one_of(LETTERS.map(str.encode), st.binary(max_size=3)), max_size=8).map(b"".join)
STOPS = st.lists(st.text(st.sampled_from("abé "), min_size=1, max_size=4), max_size=3).map(tuple)


def naive(raw: bytes, stop: tuple[str, ...]) -> str:
    """Character by character: cut at the stop string that is complete first, the longest one of those."""
    text = raw.decode("utf-8", "replace")
    for end in range(len(text) + 1):
        ending = [s for s in stop if text[:end].endswith(s)]
        if ending:
            return text[: end - len(max(ending, key=len))]
    return text


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    """The bytes, cut at these places."""
    places = sorted({min(cut, len(raw)) for cut in cuts} | {0, len(raw)})
    return [raw[a:b] for a, b in pairwise(places)]


@given(BYTES, STOPS, st.lists(st.integers(0, 60)))
@example(b"\xf0\x9f\x98", (), [1, 2])
@example(b"aab", ("ab",), [1, 2])
@example(b"abcd", ("abcd", "bc"), [])
def test_any_split_gives_the_same_text(raw: bytes, stop: tuple[str, ...], cuts: list[int]) -> None:
    """However bytes are split into tokens, the text is that of the whole, cut at the first complete stop string."""
    stream = TextStream(stop)
    shown = "".join(stream.push(piece) for piece in pieces(raw, cuts)) + stream.finish()
    assert shown == naive(raw, stop)


@given(BYTES, STOPS, st.lists(st.integers(0, 60)))
def test_what_was_shown_is_never_taken_back(raw: bytes, stop: tuple[str, ...], cuts: list[int]) -> None:
    """At every moment the text shown so far is a beginning of the final text."""
    stream, shown = TextStream(stop), ""
    for piece in pieces(raw, cuts):
        shown += stream.push(piece)
        assert naive(raw, stop).startswith(shown)


def test_text_that_can_be_no_stop_string_is_not_held() -> None:
    """Only the possible beginning of a stop string waits; everything before it is shown at once."""
    stream = TextStream(("STOP",))
    assert stream.push(b"hello ST") == "hello "
    assert stream.push(b"ART") == "START"


def test_nothing_comes_after_a_stop_string() -> None:
    """A stream that stopped stays silent, and says so."""
    stream = TextStream(("\n",))
    assert stream.push(b"Paris\nQuestion") == "Paris"
    assert stream.stopped
    assert stream.push(b"more") == ""
    assert stream.finish() == ""


def test_a_cut_character_at_the_end_is_shown_as_replacement() -> None:
    """A sequence that ends inside a character does not lose that it was there."""
    stream = TextStream()
    assert stream.push("é".encode()[:1]) == ""
    assert stream.finish() == "\ufffd"


def test_only_the_very_first_space_is_skipped() -> None:
    """The space that a prompt ending inside a line leaves is dropped once; all others stay."""
    stream = TextStream(skip_first_space=True)
    assert [stream.push(piece) for piece in (b"", b" Paris", b" is", b"  big")] == ["", "Paris", " is", "  big"]
