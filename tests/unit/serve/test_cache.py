"""Tests of serve.engine.cache."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from serve.engine.cache import KvCache


class CacheMachine(RuleBasedStateMachine):
    """Drives a KvCache against a dict of who holds what."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = KvCache(num_slots=3, kv_tokens=20)
        self.held: dict[int, int] = {}

    @rule(num_tokens=st.integers(1, 25))
    def admit(self, num_tokens: int) -> None:
        """It admits exactly when a slot and the tokens are free, and gives the lowest free id."""
        possible = len(self.held) < 3 and sum(self.held.values()) + num_tokens <= 20
        assert self.cache.can_admit(num_tokens) == possible
        if possible:
            seq = self.cache.admit(num_tokens)
            assert seq == min({0, 1, 2} - self.held.keys())
            self.held[seq] = num_tokens

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """What is given back is free again."""
        if self.held:
            seq = data.draw(st.sampled_from(sorted(self.held)))
            self.cache.release(seq)
            del self.held[seq]

    @invariant()
    def never_more_than_there_is(self) -> None:
        """Reservations add up, and never exceed the cache."""
        assert self.cache.num_reserved_tokens == sum(self.held.values()) <= 20


TestCache = CacheMachine.TestCase


@pytest.mark.parametrize(("num_slots", "kv_tokens"), [(0, 10), (1, 0)])
def test_an_empty_cache_is_refused(num_slots: int, kv_tokens: int) -> None:
    """A cache without slots or tokens could never serve anyone; the error says the numbers."""
    with pytest.raises(ValueError, match=f"num_slots is {num_slots} and kv_tokens is {kv_tokens}"):
        KvCache(num_slots=num_slots, kv_tokens=kv_tokens)
