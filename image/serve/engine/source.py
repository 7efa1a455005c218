"""Where the beginning of a prompt may come from: ended sequences that are kept, and running ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from serve.engine.leftovers import MIN_SHARED_TOKENS, Kept
from serve.engine.memory import Memory
from serve.engine.prefix import num_common
from serve.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Source:
    """Where the first `num_tokens` of a new sequence come from: a kept one, or one that runs and may be on its way."""

    num_tokens: int
    kept: Kept | None = None
    running: Sequence | None = None

    @property
    def seq(self) -> int:
        """Its id."""
        holder = self.kept or self.running
        assert holder is not None
        return holder.seq

    @property
    def order(self) -> tuple[int, bool]:
        """The longest first; of equal ones those that cost no copy."""
        return (-self.num_tokens, not (self.kept is not None and self.kept.is_spare))


def find_source(sequence: Sequence, running: Iterable[Sequence], kept: Iterable[Kept], memory: Memory) -> Source | None:
    """The longest beginning that can be shared. Notes on the sequence where a longer one had to be passed over."""
    sequence.freeze_at = 0
    if sequence.needs_all_rows:
        return None
    for source in sorted(_candidates(sequence, running, kept), key=lambda each: each.order):
        if _is_there(source, memory):
            return source
        if source.num_tokens >= MIN_SHARED_TOKENS:
            sequence.freeze_at = max(sequence.freeze_at, source.num_tokens)
    return None


def _candidates(sequence: Sequence, running: Iterable[Sequence], kept: Iterable[Kept]) -> Iterator[Source]:
    prompt, most, kind = sequence.prompt_bytes, sequence.num_prompt - 1, sequence.kind
    slot = sequence.request.slot  # whoever names one wants nothing else, and all that is there
    least = MIN_SHARED_TOKENS if slot is None else 1
    for other in running:
        if other.kind == kind and not other.needs_all_rows and slot in (None, other.request.slot):
            num_tokens = min(num_common(other.known_bytes(), prompt), most)
            if num_tokens >= MIN_SHARED_TOKENS:
                yield Source(num_tokens, running=other)
    for each in kept:
        if each.kind == kind and slot in (None, each.slot):
            num_tokens = min(num_common(each.tokens, prompt), most)
            # To go on in place of a spare costs nothing; but not where most of it would be lost to who wants it more.
            if num_tokens >= least or (each.is_spare and 0 < each.num_tokens <= 2 * num_tokens):
                yield Source(num_tokens, kept=each)


def _is_there(source: Source, memory: Memory) -> bool:
    """Now or, of a running sequence that has not come so far yet, when it has."""
    running = source.running
    if running is not None and running.follows is not None and running.follow_tokens > source.num_tokens:
        return memory.forks_anywhere  # it will begin beyond this point, and never be at it
    if running is not None and source.num_tokens >= running.num_computed:
        return True
    return memory.can_fork(source.seq, source.num_tokens)
