"""A byte-level BPE vocabulary, trained on a short text and filled up to any size. Pure and deterministic.

Every word of `WORDS` becomes one token where it follows a space, as it is one in the vocabularies of real models: a
prompt of so many words has as many tokens everywhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

WORDS = tuple(
    """
    the a one two and or of in on at to for with from by time day year way people water light house city river
    mountain forest road table paper book story letter music color garden window door morning evening summer winter
    server answer question reader writer teacher student doctor friend mother father child family school market small
    large long short old new good great first last early late open close quick slow bright dark warm cold is was has
    had will can may must see hear read write walk run stand sit make take give find keep hold begin end
    """.split()  # noqa: SIM905  words are read more easily without quotes
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens in the order of their ids, and the merges that make them out of bytes, in the order of their ranks."""

    tokens: list[str]
    merges: list[str]


def train(size: int) -> Vocabulary:
    """Learn the words whole, then join their parts in a fixed order until there are `size` tokens."""
    tokens, merges = byte_symbols(), list[str]()
    split = {word: list(word) for word in (*WORDS, *(f"Ġ{word}" for word in WORDS))}
    while pairs := _count_pairs(split):
        left, right = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(f"{left} {right}")
        if left + right not in tokens:
            tokens.append(left + right)
        split = {word: _join(parts, left, right) for word, parts in split.items()}
    if len(tokens) > size:
        raise ValueError(f"size is {size}: the words alone need {len(tokens)} tokens")
    return _fill(Vocabulary(tokens, merges), size)


def byte_symbols() -> list[str]:
    """GPT-2's printable stand-in for each byte, indexed by byte."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def _count_pairs(split: dict[str, list[str]]) -> Counter[tuple[str, str]]:
    pairs: Counter[tuple[str, str]] = Counter()
    for parts in split.values():
        pairs.update(pairwise(parts))
    return pairs


def _join(parts: list[str], left: str, right: str) -> list[str]:
    joined: list[str] = []
    for part in parts:
        if joined and joined[-1] == left and part == right:
            joined[-1] = left + right
        else:
            joined.append(part)
    return joined


def _fill(learnt: Vocabulary, size: int) -> Vocabulary:
    """More tokens, each joined of two that are there: long rather than useful, but well-formed."""
    tokens, merges, seen = list(learnt.tokens), list(learnt.merges), set(learnt.tokens)
    heads = [token for token in tokens[256:] if token.removeprefix("Ġ").isalpha()]
    tails = [token for token in heads if not token.startswith("Ġ")]
    for head, tail in ((head, tail) for head in heads for tail in tails):
        if len(tokens) >= size:
            break
        if head + tail not in seen:
            seen.add(head + tail)
            tokens.append(head + tail)
            merges.append(f"{head} {tail}")
    if len(tokens) < size:
        raise ValueError(f"size is {size}: these words make no more than {len(tokens)} tokens")
    return Vocabulary(tokens, merges)
