"""What ended sequences left behind, and in which order it is given up. Pure bookkeeping.

The least valuable goes first (GreedyDual-Size-Frequency: tokens saved by tokens held, times how often it was of use, on
a clock that rises with each eviction). Before all of them go the spares: what is short, or said by another one too. A
spare is only good for going on in its place, as in a slot that nobody has emptied yet: nobody makes room for one, or
copies one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from serve.engine.memory import Memory
from serve.engine.prefix import TOKEN_BYTES

# A shorter common beginning is not worth a copy of it; chat templates alone have ten tokens in common.
MIN_SHARED_TOKENS = 16


@dataclass(slots=True, eq=False)
class Kept:
    """What an ended sequence left behind."""

    seq: int
    kind: object
    tokens: bytes
    num_tokens: int
    num_uses: int
    since: float  # on the eviction clock
    is_spare: bool = False
    slot: int | None = None  # that holds it
    is_named: bool = False  # by a client: another one that says all this is not the same to it


class Leftovers:
    """All of them, by sequence id."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._kept: dict[int, Kept] = {}
        self._clock = 0.0
        self.num_evicted = 0  # spares do not count

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept]:
        return iter(tuple(self._kept.values()))

    def __contains__(self, seq: int) -> bool:
        return seq in self._kept

    def __getitem__(self, seq: int) -> Kept:
        return self._kept[seq]

    def get(self, seq: int) -> Kept | None:
        """What is kept under this id."""
        return self._kept.get(seq)

    def add(self, seq: int, kind: object, tokens: bytes, *, num_uses: int = 0, is_spare: bool = False) -> None:
        """One more."""
        num_tokens = len(tokens) // TOKEN_BYTES
        self._kept[seq] = Kept(seq, kind, tokens, num_tokens, num_uses, self._clock, is_spare)

    def remove(self, seq: int) -> None:
        """It is gone."""
        del self._kept[seq]

    def rename(self, kept: Kept, seq: int) -> None:
        """It has another id now."""
        del self._kept[kept.seq]
        kept.seq, self._kept[seq] = seq, kept

    def use(self, kept: Kept) -> None:
        """It was of use."""
        kept.num_uses, kept.since = kept.num_uses + 1, self._clock

    def lowest_spare(self) -> Kept | None:
        """The spare with the lowest id."""
        return min((kept for kept in self._kept.values() if kept.is_spare), key=lambda kept: kept.seq, default=None)

    def evict(self, num_own: Callable[[int], int], spared: Kept | None) -> Kept:
        """Who has to go; `num_own` says how many tokens that would free."""

        def value(kept: Kept) -> float:
            return kept.since + (1 + kept.num_uses) * kept.num_tokens / max(num_own(kept.seq), 1)

        others = (kept for kept in self._kept.values() if kept is not spared)
        victim = min(others, key=lambda kept: (not kept.is_spare, value(kept)))
        if not victim.is_spare:
            self._clock = max(self._clock, value(victim))
            self.num_evicted += 1
        return victim

    def leave(self, seq: int, kind: object, tokens: bytes, slot: int, *, is_named: bool) -> bool:
        """A sequence has ended; False where what it has is of no use to anybody."""
        is_said, is_short = self.is_said(kind, tokens), len(tokens) < MIN_SHARED_TOKENS * TOKEN_BYTES
        # Whoever comes with the same again goes on in its place, where another one would be a copy.
        can_be_spare = self._memory.can_trim and (self._memory.copies or is_short)
        if is_said and not can_be_spare and not is_named:
            return False
        self.add(seq, kind, tokens, is_spare=(is_short or is_said) and not is_named)
        self.give_slot(seq, slot, is_named=is_named)
        return True

    def holder(self, slot: int) -> Kept | None:
        """What this slot holds."""
        return next((kept for kept in self._kept.values() if kept.slot == slot), None)

    def give_slot(self, seq: int, slot: int, *, is_named: bool) -> None:
        """The slot holds this from now on. What it held is kept as long as anything, but has no number any more."""
        old = self.holder(slot)
        if old is not None:
            old.slot, old.is_named = None, False
        self._kept[seq].slot, self._kept[seq].is_named = slot, is_named

    def superseded(self, kind: object, tokens: bytes) -> list[Kept]:
        """Who is of no use any more beside these tokens; where ids have cells of their own they become spares."""
        said = [kept for kept in self.said_by(kind, tokens) if not kept.is_named]
        for kept in said:
            kept.is_spare |= self._memory.copies
        return [kept for kept in said if not kept.is_spare]

    def is_said(self, kind: object, tokens: bytes) -> bool:
        """Does another one say all this?"""
        anywhere = self._memory.forks_anywhere
        return any(
            kept.kind == kind and (kept.tokens == tokens or (anywhere and kept.tokens.startswith(tokens)))
            for kept in self._kept.values()
        )

    def said_by(self, kind: object, tokens: bytes) -> list[Kept]:
        """Who says less than these tokens, and nothing else."""
        if not self._memory.forks_anywhere:
            return []
        others = (kept for kept in self._kept.values() if kept.kind == kind and kept.tokens != tokens)
        return [kept for kept in others if tokens.startswith(kept.tokens)]
