"""Which models may be in memory together: pure, in bytes. Who has to go for a new one, or why it can't come.

Memory is of two kinds, the machine's and the GPUs': a model has to fit into both. A model's value is, first, its
priority; then what it would cost to have it back: the longer its load takes the more it is worth, the longer nobody
asked for it the less. What is busy or pinned stays.
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
    gpu_bytes: int = 0

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
    gpu_bytes: int = 0
    least_gpu_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """What all models together may take of each kind; None: there is no bound."""

    num_bytes: int | None
    gpu_bytes: int | None = None


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
    is_gpu: bool = False

    def __str__(self) -> str:
        kind = " of GPU memory" if self.is_gpu else ""
        text = f"it needs {self.wanted_bytes} bytes of the {self.budget_bytes}{kind} that all models may take"
        if not self.held:
            return text
        return f"{text}, and {', '.join(self.held)}, which can't go for it, have {self.held_bytes}"


def make_room(
    residents: Sequence[Resident], budget: Budget, wanted: Wanted, *, may_evict: bool = True
) -> Room | NoRoom:
    """Whom to unload, as few and as worthless as can be, or why that does not help. No budget: there is always room."""

    def fits(kept: Iterable[Resident]) -> bool:
        return not _lacking(tuple(kept), budget, wanted)

    if fits(residents):
        return Room()
    staying = [each for each in residents if not each.is_leaving]
    going: list[Resident] = []
    for each in sorted((each for each in staying if each.can_go), key=lambda each: each.value) if may_evict else ():
        if fits(staying):
            break
        staying.remove(each)
        going.append(each)
    if lacking := _lacking(tuple(staying), budget, wanted):
        return lacking
    for each in reversed(going):  # one that went first may be too small to have helped
        if fits((*staying, each)):
            staying.append(each)
    return Room(tuple(each.id for each in going if each not in staying), fits_now=False)


def _lacking(kept: Sequence[Resident], budget: Budget, wanted: Wanted) -> NoRoom | None:
    """What it does not fit into beside these, with the numbers."""
    host = [(each.id, each.num_bytes) for each in kept]
    gpu = [(each.id, each.gpu_bytes) for each in kept if each.gpu_bytes]
    return _short(host, budget.num_bytes, wanted.num_bytes if host else wanted.least_bytes) or _short(
        gpu, budget.gpu_bytes, wanted.gpu_bytes if gpu else wanted.least_gpu_bytes, is_gpu=True
    )


def _short(
    held: Sequence[tuple[str, int]], budget_bytes: int | None, needed: int, *, is_gpu: bool = False
) -> NoRoom | None:
    held_bytes = sum(num_bytes for _, num_bytes in held)
    if budget_bytes is None or needed + held_bytes <= budget_bytes:
        return None
    return NoRoom(needed, budget_bytes, held_bytes, tuple(name for name, _ in held), is_gpu)
