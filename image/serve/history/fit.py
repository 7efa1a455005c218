"""How much of a history goes into a prompt: the newest turns that the model has room for, whole ones only.

A model keeps what it has computed of a prompt's beginning. If each new turn pushed out the oldest one, the beginning
would be another every time and all of it be computed anew; so turns leave by fours. Pure: whoever calls counts tokens.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from serve.history.types import Turn

STEP = 4


async def fitting(turns: Sequence[Turn], fits: Callable[[Sequence[Turn]], Awaitable[bool]]) -> Sequence[Turn]:
    """The longest end of `turns` that fits and begins at a place that stays. What fits, fits with fewer turns, too."""
    places = _places(turns)
    low, high = 0, len(places) - 1  # the last one, nothing, is not asked about
    while low < high:
        middle = (low + high) // 2 if low else 0  # all of them first: mostly that is the answer
        if await fits(turns[places[middle] :]):
            high = middle
        else:
            low = middle + 1
    return turns[places[low] :]


def _places(turns: Sequence[Turn]) -> list[int]:
    """Where a prompt may begin: at every fourth turn, and between the last ones as need be."""
    by_fours = [index for index, turn in enumerate(turns) if turn.number % STEP == 0]
    last = by_fours[-1] if by_fours else 0
    return sorted({*by_fours, *range(last, len(turns) + 1)})
