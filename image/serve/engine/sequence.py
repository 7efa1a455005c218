"""One generation on its way: its tokens, how far they are computed, and whom it waits for."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from serve.engine.drafts import NgramDraft
from serve.engine.types import Adapter, Request, Task


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive tokens of one sequence for one step.

    The last `num_outputs` rows yield something: the next token each, with drafts; scores or a vector, when all do.
    """

    seq: int
    start: int
    tokens: tuple[int, ...]
    num_outputs: int

    @property
    def end(self) -> int:
        """The position after its last token."""
        return self.start + len(self.tokens)


class Sequence:
    """One choice of one request. Only the scheduler changes where it stands."""

    __slots__ = (
        "_known",
        "admitted_s",
        "arrived_s",
        "choice",
        "deadline_s",
        "draft",
        "follow_tokens",
        "follows",
        "freeze_at",
        "last_token_s",
        "max_tokens",
        "num_cached",
        "num_computed",
        "num_drafts",
        "num_passed",
        "request",
        "seq",
        "stops",
        "tokens",
        "tried_version",
    )

    def __init__(self, request: Request, choice: int, max_tokens: int, arrived_s: float) -> None:
        self.request = request
        self.choice = choice
        self.max_tokens = max_tokens
        self.arrived_s = arrived_s
        self.deadline_s = float("inf") if request.wait_s is None else arrived_s + request.wait_s  # of its waiting
        self.admitted_s = arrived_s  # when it got a slot
        self.last_token_s: float | None = None
        self.tokens = array("i", request.prompt)
        self.seq = -1  # its sequence id while it runs
        self.num_computed = 0
        self.num_cached = 0  # tokens of the prompt that were there already
        self.num_passed = 0  # how many later requests were admitted before it
        self.draft: NgramDraft | None = None  # who guesses its next tokens
        self.num_drafts = 0  # guessed tokens in its present chunk
        self.follows: Sequence | None = None  # computes our prefix; until it has, we wait
        self.follow_tokens = 0
        self.freeze_at = 0  # where others branched off: worth keeping
        self.stops: list[int] = []  # lengths at which somebody wants to take a copy
        self.tried_version = -1  # of the cache, when it last found no room
        self._known = self.tokens.tobytes()

    @property
    def is_running(self) -> bool:
        """Does it have a slot?"""
        return self.seq >= 0

    @property
    def num_prompt(self) -> int:
        """Tokens of the prompt."""
        return len(self.request.prompt)

    @property
    def num_generated(self) -> int:
        """Tokens after the prompt."""
        return len(self.tokens) - len(self.request.prompt)

    @property
    def num_pending(self) -> int:
        """Tokens that are known but not computed yet."""
        return len(self.tokens) - self.num_computed

    @property
    def num_reserved(self) -> int:
        """All the KV tokens it may ever use."""
        return len(self.request.prompt) + self.max_tokens

    @property
    def kind(self) -> tuple[Task, tuple[Adapter, ...]]:
        """What must be equal for two sequences to share KV tokens."""
        return (self.request.task, self.request.adapters)

    @property
    def prompt_bytes(self) -> bytes:
        """The prompt's tokens, four bytes each: equality of slices is one memcmp."""
        return self._known

    @property
    def needs_all_rows(self) -> bool:
        """Must every row of its prompt yield something? Then none can be taken from elsewhere."""
        return self.request.task is Task.EMBED or self.request.scores_prompt

    @property
    def is_at_all_rows(self) -> bool:
        """Is that still so for the rows to come?"""
        return self.needs_all_rows and self.num_computed < len(self.request.prompt)

    def known_bytes(self) -> bytes:
        """All its tokens, as bytes."""
        return self.tokens.tobytes()

    def guess(self, most: int) -> tuple[int, ...]:
        """Its next tokens, perhaps; never the last one that it may have."""
        return (
            self.draft.propose(self.tokens, min(most, self.num_reserved - len(self.tokens) - 1)) if self.draft else ()
        )

    def next_stop(self) -> int | None:
        """The first length after the computed ones at which it must pause."""
        return min((stop for stop in self.stops if stop > self.num_computed), default=None)


def slot_of(sequence: Sequence, num_slots: int) -> int:
    """The slot that it named, or the number that it has without."""
    named = sequence.request.slot
    return (sequence.seq if named is None else named) % num_slots
