"""Tests of serve.engine.source."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import Any

import pytest

from serve.engine.leftovers import MIN_SHARED_TOKENS, Kept
from serve.engine.sequence import Chunk, Sequence
from serve.engine.source import Source, find_source
from serve.engine.types import Adapter, Request, Task
from tests.helpers.fake_backend import FakeMemory, Kind

LONG = tuple(range(100, 140))


def newcomer(prompt: tuple[int, ...] = (*LONG, 1), **changes: Any) -> Sequence:
    """One that has not begun."""
    return Sequence(replace(Request(9, prompt), **changes), 0, 5, 0.0)


def running(memory: FakeMemory, seq: int, prompt: tuple[int, ...], num_computed: int, **changes: Any) -> Sequence:
    """One that has come so far."""
    sequence = newcomer(prompt, **changes)
    sequence.seq = seq
    if num_computed:
        memory.add(Chunk(seq, 0, prompt[:num_computed], 0))
        sequence.num_computed = num_computed
    return sequence


def kept(memory: FakeMemory, seq: int, tokens: tuple[int, ...], kind: object = (Task.GENERATE, ())) -> Kept:
    """What one of these tokens left."""
    memory.add(Chunk(seq, 0, tokens, 0))
    return Kept(seq, kind, array("i", tokens).tobytes(), len(tokens), 0, 0.0)


def test_the_longest_beginning_is_taken_running_or_kept() -> None:
    """Whoever has it."""
    memory = FakeMemory("full", 4)
    short = running(memory, 0, (*LONG[:20], 5, 5), 22)
    middle = kept(memory, 1, (*LONG[:30], 6))
    long = running(memory, 2, (*LONG[:35], 7), 10)
    assert find_source(newcomer(), [short, long], [middle], memory) == Source(35, running=long)
    assert find_source(newcomer(), [short], [middle], memory) == Source(30, kept=middle)
    assert find_source(newcomer(), [short], [], memory) == Source(20, running=short)


@pytest.mark.parametrize("num_common", [MIN_SHARED_TOKENS - 1, MIN_SHARED_TOKENS])
def test_a_short_beginning_is_not_worth_it(num_common: int) -> None:
    """The bound itself is."""
    memory = FakeMemory("full", 4)
    other, old = running(memory, 0, (*LONG[:num_common], 5), 3), kept(memory, 1, (*LONG[:num_common], 6))
    for found in (find_source(newcomer(), [other], [], memory), find_source(newcomer(), [], [old], memory)):
        assert (found is not None) == (num_common == MIN_SHARED_TOKENS)


def test_the_last_token_of_a_prompt_is_always_computed() -> None:
    """It yields the first one of the answer."""
    memory = FakeMemory("full", 4)
    found = find_source(newcomer(LONG), [], [kept(memory, 0, (*LONG, 1, 2))], memory)
    assert found is not None
    assert found.num_tokens == len(LONG) - 1


@pytest.mark.parametrize(
    "changes", [{"task": Task.EMBED}, {"adapters": (Adapter("a"),)}, {"adapters": (Adapter("b", 0.5),)}]
)
def test_only_the_same_kind_is_shared(changes: dict[str, Any]) -> None:
    """What other adapters computed is something else; texts that become vectors share nothing."""
    memory = FakeMemory("full", 4)
    other = running(memory, 0, LONG, 40, **changes)
    old = kept(memory, 1, LONG, other.kind)
    assert find_source(newcomer(), [other], [old], memory) is None
    again = newcomer(**changes)
    found = find_source(again, [other], [old], memory)
    assert (found is None) == (again.request.task is Task.EMBED)


def test_a_prompt_that_is_scored_shares_nothing() -> None:
    """Each of its rows must yield something; and nobody waits for it, whose steps are smaller."""
    memory = FakeMemory("full", 4)
    assert find_source(newcomer(scores_prompt=True), [running(memory, 0, LONG, 40)], [], memory) is None
    assert find_source(newcomer(), [running(memory, 1, LONG, 40, scores_prompt=True)], [], memory) is None


@pytest.mark.parametrize(
    ("kind", "num_computed", "can"),
    [
        ("full", 40, True),
        ("exact", 40, False),
        ("exact", 31, False),
        ("exact", 30, True),
        ("exact", 29, True),
        ("window", 40, False),
        ("window", 30, True),
        ("window", 0, True),
    ],
)
def test_a_running_one_is_followed_where_its_memory_will_be_or_is(kind: Kind, num_computed: int, can: bool) -> None:
    """Not where it has gone on from; then the place is noted as worth a copy."""
    memory = FakeMemory(kind, 4)
    other = running(memory, 0, LONG, 0)
    for end in range(1, num_computed + 1):
        memory.add(Chunk(0, end - 1, LONG[end - 1 : end], 0))
    other.num_computed = num_computed
    new = newcomer((*LONG[:30], 1))
    assert find_source(new, [other], [], memory) == (Source(30, running=other) if can else None)
    assert new.freeze_at == (0 if can else 30)


@pytest.mark.parametrize(("kind", "can"), [("full", True), ("exact", False)])
def test_a_follower_that_will_begin_later_is_no_source_where_memory_is_exact(kind: Kind, can: bool) -> None:
    """It will never be at that place."""
    memory = FakeMemory(kind, 4)
    leader, follower = running(memory, 0, LONG, 20), running(memory, 1, (*LONG, 3), 0)
    follower.follows, follower.follow_tokens = leader, 40
    assert find_source(newcomer((*LONG[:30], 1)), [follower], [], memory) == (
        Source(30, running=follower) if can else None
    )
    follower.follow_tokens = 30
    assert find_source(newcomer((*LONG[:30], 1)), [follower], [], memory) == Source(30, running=follower)


def test_a_shorter_one_is_taken_where_the_longest_is_gone_and_the_longest_place_is_noted() -> None:
    """So that the third one who begins like this finds a copy there."""
    memory = FakeMemory("exact", 4)
    gone, there = kept(memory, 0, (*LONG, 5)), kept(memory, 1, LONG[:20])
    new = newcomer((*LONG[:30], 1))
    assert find_source(new, [], [gone, there], memory) == Source(20, kept=there)
    assert new.freeze_at == 30
