"""The memory of a model as the engine sees it: sequence ids, and what is there of each.

Memory is not always able to begin in the middle of what it holds. A sliding window has forgotten what lies behind it, a
recurrent state is at one position only. `Memory.can_fork` knows; what it refuses is computed anew, never guessed.
"""

from __future__ import annotations

from typing import Protocol


class Memory(Protocol):
    """The KV cache itself. llama/context.py has the real one."""

    @property
    def forks_anywhere(self) -> bool:
        """Can a copy be taken of any beginning of a sequence? Otherwise only of one that ends where the memory is."""

    @property
    def copies(self) -> bool:
        """Has each id cells of its own? Then what is shared is copied, and ids in a row are computed together."""

    @property
    def can_trim(self) -> bool:
        """Can the last tokens of a sequence be taken out again?"""

    @property
    def window_tokens(self) -> int:
        """The sliding window, 0 without one."""

    def can_fork(self, seq: int, num_tokens: int) -> bool:
        """Is all there that is needed to go on after the first `num_tokens` of this sequence?"""

    def fork(self, source: int, seq: int, num_tokens: int) -> None:
        """Let `seq`, which is empty, have the first tokens of `source` too."""

    def trim(self, seq: int, num_tokens: int) -> bool:
        """Forget what comes after the first tokens; False when this memory can't."""

    def forget(self, seq: int) -> None:
        """Forget all of it."""

    def clear(self) -> None:
        """Forget everybody."""
