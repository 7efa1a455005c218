"""Who holds which sequence id and how many KV tokens. Pure bookkeeping: touches no memory itself.

Admission is by reservation: a sequence gets all the KV tokens it may ever use before it starts, so a running sequence
never loses its memory because another one came.
"""

from __future__ import annotations

import heapq


class KvCache:
    """`num_slots` sequence ids that share `kv_tokens` KV tokens."""

    def __init__(self, *, num_slots: int, kv_tokens: int) -> None:
        if num_slots < 1 or kv_tokens < 1:
            raise ValueError(f"num_slots is {num_slots} and kv_tokens is {kv_tokens}: both must be at least 1")
        self.num_slots = num_slots
        self.kv_tokens = kv_tokens
        self._free = list(range(num_slots))  # a heap: the lowest id first keeps the rows of a batch dense
        self._reserved: dict[int, int] = {}

    @property
    def num_reserved_tokens(self) -> int:
        """KV tokens that running sequences may use."""
        return sum(self._reserved.values())

    def can_admit(self, num_tokens: int) -> bool:
        """Is there a free sequence id and room for this many tokens now?"""
        return bool(self._free) and self.num_reserved_tokens + num_tokens <= self.kv_tokens

    def admit(self, num_tokens: int) -> int:
        """Take the lowest free sequence id and reserve its tokens."""
        assert self.can_admit(num_tokens)
        seq = heapq.heappop(self._free)
        self._reserved[seq] = num_tokens
        return seq

    def release(self, seq: int) -> None:
        """Give a sequence id and its tokens back."""
        del self._reserved[seq]
        heapq.heappush(self._free, seq)
