"""Which sequence id holds which tokens, and which of them stay for the next who begins alike.

Admission is by reservation: a sequence gets all the KV tokens it may ever use before it starts, so a running sequence
never loses its memory because another one came. What a sequence leaves behind when it ends is kept as long as nobody
needs the room (leftovers.py).
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterable

from serve.engine.cells import Cells
from serve.engine.leftovers import Kept, Leftovers
from serve.engine.memory import Memory
from serve.engine.sequence import Sequence, slot_of
from serve.engine.source import Source, find_source

_NOBODY = -1  # a path that has no id yet


class KvCache:
    """`num_ids` sequence ids that share `kv_tokens` KV tokens; at most `num_slots` of them run."""

    def __init__(self, *, num_slots: int, kv_tokens: int, memory: Memory, num_ids: int | None = None) -> None:
        num_ids = num_slots if num_ids is None else num_ids
        if num_slots < 1 or kv_tokens < 1 or num_ids < num_slots:
            raise ValueError(
                f"num_slots is {num_slots}, kv_tokens {kv_tokens} and num_ids {num_ids}: "
                "the first two must be at least 1, the last one at least num_slots"
            )
        self.num_slots = num_slots
        self.kv_tokens = kv_tokens
        memory.clear()  # whoever used it before left something behind
        self.version = 0  # changes whenever there may be more room than before
        self._num_ids = num_ids
        self._memory = memory
        self._free = list(range(num_ids))  # a heap: the lowest id first keeps the rows of a batch dense
        self._cells = Cells()
        self._kept = Leftovers(memory)

    @property
    def num_reserved_tokens(self) -> int:
        """KV tokens that are spoken for; shared ones count once."""
        return self._cells.num_used

    @property
    def num_kept(self) -> int:
        """Ended sequences that are still there."""
        return len(self._kept)

    @property
    def num_evicted(self) -> int:
        """Ended sequences that went because others needed their room."""
        return self._kept.num_evicted

    @property
    def num_kept_tokens(self) -> int:
        """KV tokens that would be free if nothing were kept."""
        running = [seq for seq in self._cells if seq not in self._kept]
        return self._cells.num_used - self._cells.num_used_by(running)

    @property
    def forks_anywhere(self) -> bool:
        """Can any beginning be shared at any time?"""
        return self._memory.forks_anywhere

    def kept(self) -> tuple[Kept, ...]:
        """All of them."""
        return tuple(self._kept)

    def find_source(self, sequence: Sequence, running: Iterable[Sequence]) -> Source | None:
        """The longest beginning that can be shared."""
        return find_source(sequence, running, self._kept, self._memory)

    # ---- running ----

    def place(self, sequence: Sequence) -> bool:
        """Give it an id and all its tokens, or say that there is no room. Evicts what is kept."""
        if not self._make_room(sequence.num_reserved, None):
            return False
        sequence.seq = self._take_id()
        self._cells.add(sequence.seq, sequence.num_reserved)
        return True

    def share(self, sequence: Sequence, source: Source) -> bool:
        """The same, with a beginning that comes from elsewhere; False where that does not help.

        What a kept source has computed is the sequence's from now on; of a running one, the caller takes it later.
        """
        kept = source.kept
        if kept is not None:
            self._kept.use(kept)
            # Who goes on where it ended says all that it says; but not where nobody could branch off before the end.
            is_used_up = kept.num_tokens == source.num_tokens and self._memory.forks_anywhere and not kept.is_named
            is_own = sequence.request.slot is not None and self._memory.can_trim
            if is_used_up or is_own or kept.is_spare or not self._make_room_beside(sequence, source):
                return self._adopt(sequence, kept, source.num_tokens)
        elif not self._make_room_beside(sequence, source):
            return False
        sequence.seq = self._take_id()
        self._branch(source.seq, sequence.seq, source.num_tokens, sequence.num_reserved)
        if kept is not None:
            self._memory.fork(kept.seq, sequence.seq, source.num_tokens)
            sequence.num_computed = sequence.num_cached = source.num_tokens
        return True

    def _adopt(self, sequence: Sequence, kept: Kept, num_tokens: int) -> bool:
        """The sequence goes on where the kept one ended, under its id. The rest of the kept one is lost."""
        running = [seq for seq in self._cells if seq not in self._kept]
        if self._cells.num_used_by(running) + sequence.num_reserved > self.kv_tokens:
            return False
        while self._cells.num_used + self._num_more(sequence, kept, num_tokens) > self.kv_tokens:
            self._evict(kept)
        self._kept.remove(kept.seq)
        self._memory.trim(kept.seq, num_tokens)
        self._cells.branch(kept.seq, _NOBODY, num_tokens, sequence.num_reserved)
        self._cells.remove(kept.seq)
        self._cells.rename(_NOBODY, kept.seq)
        sequence.seq = kept.seq
        sequence.num_computed = sequence.num_cached = num_tokens
        return True

    def _num_more(self, sequence: Sequence, kept: Kept, num_tokens: int) -> int:
        """Tokens that it needs beyond those which the kept one leaves to it."""
        return sequence.num_reserved - num_tokens - min(self._cells.num_own(kept.seq), kept.num_tokens - num_tokens)

    def take(self, source: Sequence, sequence: Sequence, num_tokens: int) -> None:
        """What a running source has computed by now, up to `num_tokens`, is the sequence's too.

        Nothing, when memory is not as it should be: an error has left it somewhere else.
        """
        num_tokens = min(num_tokens, source.num_computed)
        if not self._memory.can_fork(source.seq, num_tokens):
            num_tokens = 0
        self._memory.fork(source.seq, sequence.seq, num_tokens)
        sequence.num_computed = sequence.num_cached = num_tokens

    def cut(self, sequence: Sequence) -> None:
        """What is in memory beyond its computed tokens was a guess."""
        self._memory.trim(sequence.seq, sequence.num_computed)

    def freeze(self, sequence: Sequence) -> None:
        """Keep a copy of what is computed of a running sequence, if there is an id for it. It costs no KV tokens."""
        copied, shared = (sequence.num_computed, 0) if self._memory.copies else (0, sequence.num_computed)
        if not self._make_room(copied, None, shared=shared):
            return
        seq = self._take_id()
        num_tokens = sequence.num_computed
        self._memory.fork(sequence.seq, seq, num_tokens)
        self._branch(sequence.seq, seq, num_tokens, num_tokens)
        self._kept.add(seq, sequence.kind, sequence.tokens[:num_tokens].tobytes(), num_uses=1)

    # ---- ending ----

    def release(self, sequence: Sequence, *, keep: bool) -> None:
        """It ended. What it computed stays, when that may be of use."""
        seq, num_tokens, kind = sequence.seq, sequence.num_computed, sequence.kind
        self.version += 1
        tokens, slot = sequence.tokens[:num_tokens].tobytes(), slot_of(sequence, self.num_slots)
        is_named = sequence.request.slot is not None
        may_stay = keep and num_tokens > 0 and not sequence.needs_all_rows and self._cells.can_resize(seq, num_tokens)
        if not (may_stay and self._kept.leave(seq, kind, tokens, slot, is_named=is_named)):
            self._forget(seq)
            return
        for kept in self._kept.superseded(kind, tokens):
            self._drop(kept)
        self._cells.resize(seq, num_tokens)

    # ---- from elsewhere ----

    @property
    def num_free_tokens(self) -> int:
        """KV tokens that nobody has spoken for."""
        return self.kv_tokens - self._cells.num_used

    def reserve_kept(self, kind: object, room_for: int = 0) -> int | None:
        """An id for a sequence whose tokens will be read from elsewhere, or None. Evicts only for told room."""
        if not self._free if room_for == 0 else not self._make_room(room_for, None):
            return None
        seq = heapq.heappop(self._free)
        self._cells.add(seq, 0)
        self._kept.add(seq, kind, b"")
        return seq

    def fill_kept(self, seq: int, tokens: tuple[int, ...]) -> bool:
        """These are its tokens, and in memory. One without tokens, or with too many, is dropped."""
        if not 0 < len(tokens) <= self.num_free_tokens:
            self.drop(seq)
            return False
        self._cells.resize(seq, len(tokens))
        kept = self._kept[seq]
        kept.tokens, kept.num_tokens = array("i", tokens).tobytes(), len(tokens)
        return True

    def holder(self, slot: int) -> Kept | None:
        """What is kept for this slot."""
        return self._kept.holder(slot)

    def give_slot(self, seq: int, slot: int) -> None:
        """Keep this for the slot, for whoever names it."""
        self._kept.give_slot(seq, slot, is_named=True)

    def drop_kept(self) -> None:
        """Forget all that is kept."""
        for kept in self._kept:
            self._drop(kept)

    def drop(self, seq: int) -> None:
        """Forget one that is kept."""
        self._drop(self._kept[seq])

    # ---- moving ----

    @property
    def copies(self) -> bool:
        """Does it matter which ids are neighbours?"""
        return self._memory.copies

    def move(self, sequence: Sequence, seq: int) -> None:
        """Give a running sequence another id. Whoever is kept there moves to a free one, or is forgotten."""
        kept = self._kept.get(seq)
        if kept is not None and self._free and not kept.is_spare:
            highest = max(self._free)  # a low one is the next gap
            self._free.remove(highest)
            self._relocate(kept, highest)
        elif kept is not None:
            self._drop(kept)
        old = sequence.seq
        self._free.remove(seq)
        heapq.heapify(self._free)
        self._memory.fork(old, seq, sequence.num_computed)
        self._cells.rename(old, seq)
        self._memory.forget(old)
        heapq.heappush(self._free, old)
        sequence.seq = seq

    def _relocate(self, kept: Kept, seq: int) -> None:
        old = kept.seq
        self._memory.fork(old, seq, kept.num_tokens)
        self._cells.rename(old, seq)
        self._memory.forget(old)
        self._kept.rename(kept, seq)
        heapq.heappush(self._free, old)

    # ---- room ----

    def _branch(self, source: int, seq: int, at: int, num_tokens: int) -> None:
        if self._memory.copies:
            self._cells.add(seq, num_tokens)
        else:
            self._cells.branch(source, seq, at, num_tokens)

    def _make_room_beside(self, sequence: Sequence, source: Source) -> bool:
        shared = 0 if self._memory.copies else source.num_tokens
        return self._make_room(sequence.num_reserved - shared, source.kept, shared=shared)

    def _make_room(self, need: int, spared: Kept | None, *, shared: int = 0) -> bool:
        """Evict until there are so many tokens, and an id. Nothing is evicted when that would not be enough."""
        running = [seq for seq in self._cells if seq not in self._kept or (spared is not None and seq == spared.seq)]
        if self._cells.num_used_by(running) + need > self.kv_tokens or len(running) == self._num_ids:
            return False
        if not self._window_allows(len(running) + 1, shared + self._cells.num_shared_by(running)):
            return False
        while not self._has_room(need, shared):
            self._evict(spared)
        return True

    def _has_room(self, need: int, shared: int) -> bool:
        fits_window = self._window_allows(len(self._cells) + 1, self._cells.num_shared + shared)
        return bool(self._free) and self._cells.num_used + need <= self.kv_tokens and fits_window

    def _window_allows(self, num_sequences: int, num_shared: int) -> bool:
        """A window's cells are a few per id. Shared ones are given back only when the last holder is gone."""
        window = self._memory.window_tokens
        num_spare = max(self._num_ids - num_sequences, 0)
        return not window or num_shared <= window * num_spare

    def _evict(self, spared: Kept | None) -> None:
        self._drop(self._kept.evict(self._cells.num_own, spared))

    def _take_id(self) -> int:
        """The lowest one: it keeps the rows of a batch dense. That of a spare is as good as free where that matters."""
        spare = self._kept.lowest_spare() if self._memory.copies else None
        if spare is not None and spare.seq < self._free[0]:
            self._drop(spare)
        return heapq.heappop(self._free)

    def _drop(self, kept: Kept) -> None:
        self._kept.remove(kept.seq)
        self._forget(kept.seq)

    def _forget(self, seq: int) -> None:
        self.version += 1
        self._cells.remove(seq)
        self._memory.forget(seq)
        heapq.heappush(self._free, seq)
