"""Which models may be in memory together: pure, in bytes. Who has to go for a new one, or why it can't come.

A model's value is, first, its priority; then what it would cost to have it back: the longer its load takes the more it
is worth, the longer nobody asked for it the less. What is busy or pinned stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that takes memory now. One that `is_leaving` will give it back without being asked again."""

    id: str
    num_bytes: int
    priority: int = 0
    idle_s: float = 0.0
    load_s: float = 0.0
    is_busy: bool = False
    is_pinned: bool = False
    is_leaving: bool = False

    @property
    def can_go(self) -> bool:
        """Could its memory be had?"""
        return self.is_leaving or not (self.is_busy or self.is_pinned)

    @property
    def value(self) -> tuple[int, float, str]:
        """The least valuable one goes first."""
        return self.priority, self.load_s / (1.0 + max(self.idle_s, 0.0)), self.id


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model to be loaded. `num_bytes` may be a guess, which is no reason to refuse what has all memory for itself:
    then only `least_bytes` must fit.
    """

    id: str
    num_bytes: int
    least_bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """It fits once these have been unloaded; `fits_now` when nobody need be waited for."""

    evict: tuple[str, ...] = ()
    fits_now: bool = True


@dataclass(frozen=True, slots=True)
class NoRoom:
    """It does not fit, even if all went that can: `held` are those that can't."""

    wanted_bytes: int
    budget_bytes: int
    held_bytes: int
    held: tuple[str, ...]

    def __str__(self) -> str:
        text = f"it needs {self.wanted_bytes} bytes of the {self.budget_bytes} that all models may take"
        if not self.held:
            return text
        return f"{text}, and {', '.join(self.held)}, which can't go for it, have {self.held_bytes}"


def make_room(
    residents: Sequence[Resident], budget_bytes: int | None, wanted: Wanted, *, may_evict: bool = True
) -> Room | NoRoom:
    """Whom to unload, as few and as worthless as can be, or why that does not help. No budget: there is always room."""
    if budget_bytes is None:
        return Room()

    def fits(kept: Iterable[Resident]) -> bool:
        kept = tuple(kept)
        needed = wanted.num_bytes if kept else wanted.least_bytes
        return needed + sum(each.num_bytes for each in kept) <= budget_bytes

    if fits(residents):
        return Room()
    staying = [each for each in residents if not each.is_leaving]
    going: list[Resident] = []
    for each in sorted((each for each in staying if each.can_go), key=lambda each: each.value) if may_evict else ():
        if fits(staying):
            break
        staying.remove(each)
        going.append(each)
    if not fits(staying):
        held = tuple(each.id for each in staying)
        needed = wanted.num_bytes if staying else wanted.least_bytes
        return NoRoom(needed, budget_bytes, sum(each.num_bytes for each in staying), held)
    for each in reversed(going):  # one that went first may be too small to have helped
        if fits((*staying, each)):
            staying.append(each)
    return Room(tuple(each.id for each in going if each not in staying), fits_now=False)
