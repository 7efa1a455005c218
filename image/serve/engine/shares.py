"""How the rows of a step are shared. Running streams have their one each, prompts the rest.

Half of that is for the prompt that came first, so that each one is through some time; the other half for the one that
needs the fewest, so that nobody waits for a longer one. Equal parts for all would let them all be late: four equal
prompts would have their first tokens together, when the last of them has it anyway.

Pure, but for one thing: a sequence that guesses is told how many of its rows are guesses.
"""

from __future__ import annotations

from dataclasses import dataclass

from serve.engine.sequence import Chunk, Sequence
from serve.engine.types import Task


@dataclass(frozen=True, slots=True)
class Budget:
    """How many rows a step may have: in all, with prompts beside running streams, and that yield something."""

    step_tokens: int
    mixed_tokens: int
    max_outputs: int
    max_sequence_tokens: int
    min_share_tokens: int = 32  # of a prompt: fewer are not worth a place in a step that others need too
    whole_prompts: bool = False  # a model that reads a text at once: no prompt can be cut


def share_step(budget: Budget, ready: list[Sequence], *, keeps_short: bool) -> tuple[Chunk, ...]:
    """Who is in the next step, with which tokens. With `keeps_short` nobody shall be held up by long prompts."""
    prompts = [s for s in ready if not is_stream(s)]
    num_streams = len(ready) - len(prompts)
    num_rows = budget.mixed_tokens if keeps_short else budget.step_tokens
    if any(_yields_all(s, budget) for s in prompts):
        # Then every row of the step may yield something, and there is room for so many outputs only.
        num_rows = min(num_rows, budget.max_outputs)
    shares = _share(num_rows - num_streams, prompts, budget)
    spare = 0 if prompts else min(num_rows, budget.max_outputs) - num_streams
    chunks = []
    for sequence in ready:
        if sequence.seq in shares:
            if shares[sequence.seq]:
                chunks.append(_prompt_chunk(sequence, shares[sequence.seq], budget))
            continue
        drafts = sequence.guess(spare) if spare else ()
        spare -= len(drafts)
        chunks.append(_stream_chunk(sequence, drafts))
    return tuple(chunks)


def take_whole(budget: Budget, ready: list[Sequence]) -> tuple[Chunk, ...]:
    """As many whole prompts as fit, who came first at any rate: shorter ones would always fill a step before it."""
    chunks: list[Chunk] = []
    num_rows = budget.step_tokens
    for sequence in sorted(ready, key=lambda each: each.arrived_s):
        if sequence.num_pending <= num_rows:
            num_rows -= sequence.num_pending
            chunks.append(_prompt_chunk(sequence, sequence.num_pending, budget))
    return tuple(sorted(chunks, key=lambda chunk: chunk.seq))


def _share(num_rows: int, prompts: list[Sequence], budget: Budget) -> dict[int, int]:
    """Half to who came first, the rest to whoever is through soonest; what nobody else can use goes by age, too."""
    shares = {s.seq: 0 for s in prompts}
    by_age = sorted(prompts, key=lambda s: s.arrived_s)
    by_need = sorted(by_age, key=lambda s: s.num_pending)

    def give(sequence: Sequence, most: int, least: int = 1) -> int:
        wants = _num_wanted(sequence, budget) - shares[sequence.seq]
        takes = min(wants, most)
        # Short pieces are rounds over the weights: none for a prompt that they do not bring to its end.
        if takes < min(wants, least):
            return 0
        shares[sequence.seq] += takes
        return takes

    left = num_rows - sum(give(s, (num_rows + 1) // 2) for s in by_age[:1])
    for s in by_need:
        left -= give(s, left, budget.min_share_tokens)
    for s in by_age:
        left -= give(s, left)
    return shares


def is_stream(sequence: Sequence) -> bool:
    """Does it need one row only, and yields a token then?"""
    return sequence.num_pending == 1 and not sequence.is_at_all_rows


def _yields_all(sequence: Sequence, budget: Budget) -> bool:
    """Must every row of its next chunk yield something?

    Of a text that becomes a vector only the last row counts, but llama.cpp makes one of every row of such a step. So
    what comes before, when that is long, is computed in steps that make none, as wide as those of other prompts.
    """
    if sequence.request.task is not Task.EMBED or budget.whole_prompts:
        return sequence.is_at_all_rows
    return sequence.num_pending <= budget.max_outputs


def _num_wanted(sequence: Sequence, budget: Budget) -> int:
    """All that is pending, up to where somebody wants to take a copy; of a long text for a vector, all but the last."""
    if sequence.is_at_all_rows and not _yields_all(sequence, budget):
        return sequence.num_pending - 1
    stop = sequence.next_stop()
    return sequence.num_pending if stop is None else min(sequence.num_pending, stop - sequence.num_computed)


def _prompt_chunk(sequence: Sequence, num: int, budget: Budget) -> Chunk:
    """The next `num` tokens of a sequence; its last row yields a token when that is all there is."""
    start = sequence.num_computed
    tokens = tuple(sequence.tokens[start : start + num])
    if sequence.is_at_all_rows and _yields_all(sequence, budget):
        return Chunk(sequence.seq, start, tokens, num_outputs=num)
    return Chunk(sequence.seq, start, tokens, num_outputs=int(num == sequence.num_pending))


def _stream_chunk(sequence: Sequence, drafts: tuple[int, ...]) -> Chunk:
    sequence.num_drafts = len(drafts)
    return Chunk(sequence.seq, sequence.num_computed, (sequence.tokens[-1], *drafts), num_outputs=1 + len(drafts))
