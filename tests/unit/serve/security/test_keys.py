"""Tests of serve.security.keys."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.security.keys import LEAST_CHARS, MOST_KEYS, Key, KeysError, check_together, digest_of, parse_keys

PLAIN = "sk-a-key-in-plain-text"
DIGEST = hashlib.sha256(PLAIN.encode()).digest()
HASH = hashlib.sha256(b"another").hexdigest()


def test_plain_keys_and_hashes_are_the_same_to_us() -> None:
    """Comments and empty lines are nothing; what is not said is no limit."""
    text = f"# ours\n\n{PLAIN}\nsha256:{HASH} name=letters rate_per_min=600 concurrency=8 priority=-5\n"
    assert parse_keys(text, is_admin=False) == (
        Key(f"key-{DIGEST.hex()[:12]}", DIGEST),
        Key("letters", bytes.fromhex(HASH), rate_per_min=600, concurrency=8, priority=-5),
    )
    assert parse_keys(PLAIN, is_admin=True)[0].is_admin


def test_nothing_of_a_plain_key_is_kept() -> None:
    """Not even in what a debugger shows."""
    assert PLAIN not in repr(parse_keys(PLAIN, is_admin=False))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("short", f"the key of line 1 has 5 characters: at least {LEAST_CHARS}"),
        ("x" * 40 + "\u00e9", "the key of line 1 has 41 characters"),
        ("sha256:abc", "line 1 begins with sha256:: 64 hexadecimal digits must follow"),
        (f"{PLAIN} name=a b", "word 3 of line 1 is no option: name=, rate_per_min=, concurrency=, priority="),
        (f"{PLAIN} name=../x", "name in line 1 is none"),
        (f"{PLAIN} rate_per_min=0", "rate_per_min in line 1 is out of range: a whole number from 1 to 1000000"),
        (f"{PLAIN} rate_per_min=1e3", "rate_per_min in line 1 is out of range"),
        (f"{PLAIN} concurrency=-1", "concurrency in line 1 is out of range"),
        (f"{PLAIN} priority=1 priority=2", "line 1 says priority twice"),
        ("", "it has no key"),
        ("# only words", "it has no key"),
        ("\n".join(f"{PLAIN}-{n}" for n in range(MOST_KEYS + 1)), f"it has {MOST_KEYS + 1} keys: {MOST_KEYS}"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(line: str, words: str) -> None:
    """And by what is allowed."""
    with pytest.raises(KeysError) as raised:
        parse_keys(line, is_admin=False)
    assert words in str(raised.value)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), min_size=4), min_size=1, max_size=5))
def test_no_message_repeats_what_stands_in_a_file(words: list[str]) -> None:
    """Whatever is in it, with blanks at any place: it may be a key."""
    secret = "q7X#" * 5
    text = " ".join([secret[:3], *words, secret])
    with pytest.raises(KeysError) as raised:
        parse_keys(text, is_admin=False)
    assert "q7X" not in str(raised.value)


def test_one_key_is_there_once_and_a_name_as_often_as_it_takes() -> None:
    """An old key and its successor have one owner; two owners of one key can't be told apart."""
    old, new = Key("letters", digest_of(b"old")), Key("letters", digest_of(b"new"))
    check_together((old, new))
    with pytest.raises(KeysError, match="'letters' and 'boss' are the same key"):
        check_together((old, new, Key("boss", digest_of(b"old"), is_admin=True)))
