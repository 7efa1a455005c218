"""Nodes that still have room, kept so that the fullest one on which a pod fits is found without looking at all.

The fullest is what `NodeResourcesFit` with MostAllocated says: the mean of the shares of cpu and memory that would be
taken with the pod on it, in whole percent. Among equals kube-scheduler draws lots; here the first one bought wins.

Nodes of one kind lie on shelves by the percents that are free, cpu and memory together, each shelf in the order of free
cpu. A pod's own percents say on which shelf to start (what is fuller has no room), and on each shelf only a stretch
can have enough of both. So a search touches about as many nodes as it finds, however many are nearly full.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from infra.cost.offers import UNASKED, Offer
from infra.cost.types import Resources


class Free(NamedTuple):
    """What is left of a node; nodes of one offer with the same left over are alike."""

    cpu_m: int
    memory_bytes: int
    gpus: int
    ephemeral_bytes: int
    pods: int
    scored_cpu_m: int  # as above, but less for pods that ask for nothing
    scored_memory_bytes: int

    @classmethod
    def of(cls, offer: Offer) -> Free:
        """Of a new node, on which only the daemons run."""
        room, scored = offer.room, offer.scored
        return cls(
            room.cpu_m,
            room.memory_bytes,
            room.gpus,
            room.ephemeral_bytes,
            offer.max_pods,
            scored.cpu_m,
            scored.memory_bytes,
        )

    def most(self, need: Resources) -> int:
        """How many pods of this size still fit."""
        fit = self.pods
        if need.cpu_m and self.cpu_m // need.cpu_m < fit:
            fit = self.cpu_m // need.cpu_m
        if need.memory_bytes and self.memory_bytes // need.memory_bytes < fit:
            fit = self.memory_bytes // need.memory_bytes
        if need.gpus and self.gpus // need.gpus < fit:
            fit = self.gpus // need.gpus
        if need.ephemeral_bytes and self.ephemeral_bytes // need.ephemeral_bytes < fit:
            fit = self.ephemeral_bytes // need.ephemeral_bytes
        return max(fit, 0)

    def less(self, need: Resources, count: int) -> Free:
        """With so many pods more."""
        return Free(
            self.cpu_m - count * need.cpu_m,
            self.memory_bytes - count * need.memory_bytes,
            self.gpus - count * need.gpus,
            self.ephemeral_bytes - count * need.ephemeral_bytes,
            self.pods - count,
            self.scored_cpu_m - count * (need.cpu_m or UNASKED.cpu_m),
            self.scored_memory_bytes - count * (need.memory_bytes or UNASKED.memory_bytes),
        )

    def score_with(self, cpu_m: int, memory_bytes: int, whole: Resources) -> int:
        """The score of MostAllocated, in whole numbers as there, with one pod more; `whole`: with the daemons."""
        cpu, memory = whole.cpu_m or 1, whole.memory_bytes or 1
        used_cpu = min(cpu - self.scored_cpu_m + cpu_m, cpu)
        used_memory = min(memory - self.scored_memory_bytes + memory_bytes, memory)
        return (used_cpu * 100 // cpu + used_memory * 100 // memory) // 2


class _Shelf:
    """Nodes of one kind with the same number of free GPUs."""

    __slots__ = ("levels", "mask", "unasked")

    def __init__(self) -> None:
        self.levels: dict[int, list[Free]] = {}
        self.mask = 0  # bit n is set where level n is not empty
        self.unasked = 0  # the most percents by which pods that ask for nothing made a node look fuller than it is

    def add(self, level: int, free: Free) -> None:
        if level not in self.levels:
            self.levels[level] = []
            self.mask |= 1 << level
        insort(self.levels[level], free)

    def remove(self, level: int, free: Free) -> None:
        frees = self.levels[level]
        del frees[bisect_left(frees, free)]
        if not frees:
            del self.levels[level]
            self.mask &= ~(1 << level)

    def levels_from(self, least: int) -> Iterator[int]:
        """The levels that are not empty, from the fullest nodes to the emptiest."""
        rest = self.mask >> least << least
        while rest:
            lowest = rest & -rest
            yield lowest.bit_length() - 1
            rest ^= lowest


class Shelves:
    """All nodes with room for a pod more, by what is left of them."""

    def __init__(self) -> None:
        self._alike: dict[tuple[int, Free], list[int]] = {}
        self._shelves: dict[int, dict[int, _Shelf]] = {}  # by the offer's index and free GPUs

    def add(self, offer: Offer, free: Free, number: int) -> None:
        """A node comes, or comes back with less room."""
        if free.pods <= 0:
            return
        numbers = self._alike.get((offer.index, free))
        if numbers is not None:
            insort(numbers, number)
            return
        self._alike[offer.index, free] = [number]
        shelf = self._shelves.setdefault(offer.index, {}).setdefault(free.gpus, _Shelf())
        shelf.unasked = max(shelf.unasked, _unasked(offer, free))
        shelf.add(_level(offer, free), free)

    def remove(self, offer: Offer, free: Free, number: int) -> None:
        """A node is to be changed."""
        if free.pods <= 0:
            return
        numbers = self._alike[offer.index, free]
        numbers.remove(number)
        if not numbers:
            del self._alike[offer.index, free]
            self._shelves[offer.index][free.gpus].remove(_level(offer, free), free)

    def fullest(
        self, need: Resources, offers: Sequence[Offer], is_allowed: Callable[[int], bool] | None = None
    ) -> int | None:
        """The number of the node that kube-scheduler would take of these kinds; None where none has room."""
        best_score, best = -1, -1
        for offer in offers:
            for gpus, shelf in self._shelves.get(offer.index, {}).items():
                if gpus >= need.gpus and shelf.mask:
                    for score, number in self._search(shelf, offer, need, is_allowed, best_score):
                        if score > best_score or (score == best_score and number < best):
                            best_score, best = score, number
        return best if best_score >= 0 else None

    def _search(
        self,
        shelf: _Shelf,
        offer: Offer,
        need: Resources,
        is_allowed: Callable[[int], bool] | None,
        least_score: int,
    ) -> Iterator[tuple[int, int]]:
        """Nodes with room whose score is not below the best so far; those of the best score are among them."""
        whole = offer.whole
        cpu, memory = whole.cpu_m or 1, whole.memory_bytes or 1
        cpu_m, memory_bytes = need.cpu_m or UNASKED.cpu_m, need.memory_bytes or UNASKED.memory_bytes
        memory_share = need.memory_bytes * 100 // memory
        asked = -(-cpu_m * 100 // cpu) - (-memory_bytes * 100 // memory) + shelf.unasked  # rounded up
        for level in shelf.levels_from(need.cpu_m * 100 // cpu + memory_share):
            if (200 - level + asked) // 2 < least_score:
                return
            frees = shelf.levels[level]
            end_m = (level + 1 - memory_share) * cpu // 100  # with more free cpu there is too little memory
            for at in range(bisect_left(frees, (need.cpu_m,)), len(frees)):
                free = frees[at]
                if free.cpu_m > end_m:
                    break
                if not free.most(need):
                    continue
                score = free.score_with(cpu_m, memory_bytes, whole)
                if score < least_score:
                    continue
                numbers = self._alike[offer.index, free]
                number = numbers[0] if is_allowed is None else next(filter(is_allowed, numbers), None)
                if number is not None:
                    least_score = score
                    yield score, number


def _level(offer: Offer, free: Free) -> int:
    """By what is really left: what is only counted for the score moves no node to another shelf."""
    cpu, memory = offer.whole.cpu_m or 1, offer.whole.memory_bytes or 1
    return max(free.cpu_m, 0) * 100 // cpu + max(free.memory_bytes, 0) * 100 // memory


def _unasked(offer: Offer, free: Free) -> int:
    cpu, memory = offer.whole.cpu_m or 1, offer.whole.memory_bytes or 1
    more_cpu_m, more_bytes = free.cpu_m - free.scored_cpu_m, free.memory_bytes - free.scored_memory_bytes
    return -(-more_cpu_m * 100 // cpu) - (-more_bytes * 100 // memory)
