"""Two sides measured in turns, and what their ratio is. Pure, but for the turns themselves.

Machines are noisy: what else runs hits neighbours in time alike, so only ratios of neighbours count. Who is first
changes from pair to pair, because the second may find warm caches, or a warm processor.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True)
class Ratio:
    """Ours by theirs, pair by pair. Values are medians."""

    ours: float
    peer: float
    median: float
    least: float
    most: float
    num_pairs: int


def in_turns(
    sides: Sequence[Callable[[int], Measured]], num_rounds: int, on_round: Callable[[int], None] = lambda _: None
) -> list[tuple[Measured, ...]]:
    """Every side once in each round, told its number; the order turns round each time, that of the results does not."""
    rounds: list[tuple[Measured, ...]] = []
    for number in range(num_rounds):
        on_round(number)
        order = range(len(sides)) if number % 2 == 0 else range(len(sides) - 1, -1, -1)
        found = {index: sides[index](number) for index in order}
        rounds.append(tuple(found[index] for index in range(len(sides))))
    return rounds


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """Of (ours, peer) pairs: the median of the ratios, not the ratio of the medians."""
    if not pairs:
        raise ValueError("no pairs: nothing was measured")
    ratios = sorted(ours / peer for ours, peer in pairs)
    return Ratio(
        ours=statistics.median(ours for ours, _ in pairs),
        peer=statistics.median(peer for _, peer in pairs),
        median=statistics.median(ratios),
        least=ratios[0],
        most=ratios[-1],
        num_pairs=len(pairs),
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values is not above."""
    if not values:
        raise ValueError("no values: there is no percentile")
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
