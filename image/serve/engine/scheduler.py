"""Which tokens go into the next step. Pure: no clock, no model, no text.

There are no prefill and decode phases. A sequence has tokens (prompt, then generated ones) and a count of how many of
them are computed; each step it catches up under one token budget. Running streams get their one token first, so a long
prompt never stalls them by more than one step; prompts share the rest of the budget fairly.

    waiting --admit (KV tokens reserved)--> running --end | cancel--> gone
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from serve.engine.cache import KvCache
from serve.engine.types import FailureKind, RefusedError, Request

# How often later, smaller requests may pass one that waits for room, before they too must wait: the line keeps moving,
# and the big request does not wait for ever.
MAX_PASSED = 16


@dataclass(slots=True, eq=False)
class Sequence:
    """One request on its way."""

    request: Request
    max_tokens: int
    seq: int = -1  # its sequence id while it runs
    num_computed: int = 0
    num_passed: int = 0  # how many later requests were admitted before it
    generated: list[int] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Does it have a slot?"""
        return self.seq >= 0

    @property
    def num_tokens(self) -> int:
        """Prompt and generated tokens."""
        return len(self.request.prompt) + len(self.generated)

    @property
    def num_pending(self) -> int:
        """Tokens that are known but not computed yet."""
        return self.num_tokens - self.num_computed

    @property
    def num_reserved(self) -> int:
        """All the KV tokens it may ever use."""
        return len(self.request.prompt) + self.max_tokens

    def tokens(self, start: int, num: int) -> tuple[int, ...]:
        """A slice of prompt + generated, without building the whole."""
        num_prompt = len(self.request.prompt)
        if start >= num_prompt:
            return tuple(self.generated[start - num_prompt : start - num_prompt + num])
        head = self.request.prompt[start : start + num]
        return head + tuple(self.generated[: num - len(head)])


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive tokens of one sequence for one step. `samples`: its last row yields the next token."""

    seq: int
    start: int
    tokens: tuple[int, ...]
    samples: bool


@dataclass(frozen=True, slots=True)
class StepPlan:
    """What one step computes, in rising sequence ids. `admitted` and `chunks` name the same running sequences."""

    chunks: tuple[Chunk, ...]
    admitted: tuple[Sequence, ...] = ()

    @property
    def num_tokens(self) -> int:
        """Rows of the batch."""
        return sum(len(chunk.tokens) for chunk in self.chunks)


class Scheduler:
    """Admits, plans, and keeps count. One owner, one thread."""

    def __init__(self, *, cache: KvCache, max_sequence_tokens: int, step_tokens: int, max_waiting: int) -> None:
        if step_tokens <= cache.num_slots:
            # Otherwise a step full of running streams would leave nothing for prompts, and they would starve.
            raise ValueError(f"step_tokens is {step_tokens}: must be above the {cache.num_slots} slots")
        self._cache = cache
        self._max_sequence_tokens = min(max_sequence_tokens, cache.kv_tokens)
        self._step_tokens = step_tokens
        self._max_waiting = max_waiting
        self._waiting: deque[Sequence] = deque()
        self._running: dict[int, Sequence] = {}
        self._turn = 0  # whose turn it is to get the odd tokens of the budget

    @property
    def num_waiting(self) -> int:
        """Requests without a slot."""
        return len(self._waiting)

    @property
    def num_running(self) -> int:
        """Sequences with a slot."""
        return len(self._running)

    @property
    def is_idle(self) -> bool:
        """Is there nothing to do?"""
        return not self._waiting and not self._running

    def submit(self, request: Request) -> None:
        """Put a request into the line, or raise RefusedError with the numbers."""
        num_prompt, limit = len(request.prompt), self._max_sequence_tokens
        if num_prompt == 0:
            raise RefusedError(FailureKind.BAD_PROMPT, "the prompt has no tokens")
        num_new = request.max_tokens if request.max_tokens is not None else max(limit - num_prompt, 1)
        if num_prompt + num_new > limit:
            raise RefusedError(
                FailureKind.TOO_LONG,
                f"the prompt has {num_prompt} tokens and max_tokens is {num_new}: "
                f"together {num_prompt + num_new}, this model has room for {limit}",
            )
        if len(self._waiting) >= self._max_waiting and not self._can_start_now(num_prompt + num_new):
            raise RefusedError(FailureKind.QUEUE_FULL, f"{len(self._waiting)} requests wait already")
        self._waiting.append(Sequence(request, max_tokens=num_new))

    def plan(self) -> StepPlan:
        """Admit who fits, then share the token budget."""
        admitted = self._admit()
        sequences = [self._running[seq] for seq in sorted(self._running)]
        streams = [s for s in sequences if s.num_pending == 1]
        prompts = [s for s in sequences if s.num_pending > 1]
        shares = self._share(self._step_tokens - len(streams), prompts)
        shares.update((s.seq, 1) for s in streams)
        return StepPlan(tuple(_chunk(s, shares[s.seq]) for s in sequences if shares[s.seq]), admitted)

    def computed(self, chunk: Chunk) -> Sequence:
        """This chunk is in the KV cache now. Returns its sequence."""
        sequence = self._running[chunk.seq]
        sequence.num_computed = chunk.start + len(chunk.tokens)
        return sequence

    def append(self, sequence: Sequence, token: int) -> bool:
        """Add a sampled token. Returns whether that was the last one it may have."""
        sequence.generated.append(token)
        return len(sequence.generated) >= sequence.max_tokens

    def end(self, sequence: Sequence) -> None:
        """A sequence ended, however it did, wherever it was."""
        if sequence.is_running:
            del self._running[sequence.seq]
            self._cache.release(sequence.seq)
        else:
            self._waiting.remove(sequence)

    def is_running(self, seq: int) -> bool:
        """Is there a running sequence under this id?"""
        return seq in self._running

    def running(self, seq: int) -> Sequence:
        """The running sequence under this id."""
        return self._running[seq]

    def find(self, request_id: int) -> Sequence | None:
        """The running or waiting sequence of a request."""
        return next((s for s in self.all_sequences() if s.request.id == request_id), None)

    def all_sequences(self) -> tuple[Sequence, ...]:
        """Everyone, running first."""
        return (*self._running.values(), *self._waiting)

    def _can_start_now(self, num_tokens: int) -> bool:
        return not self._waiting and self._cache.can_admit(num_tokens)

    def _admit(self) -> tuple[Sequence, ...]:
        """Admit in order; who fits may pass who doesn't, but not for ever."""
        admitted: list[Sequence] = []
        passed: list[Sequence] = []
        for sequence in tuple(self._waiting):
            if self._cache.can_admit(sequence.num_reserved):
                sequence.seq = self._cache.admit(sequence.num_reserved)
                self._running[sequence.seq] = sequence
                self._waiting.remove(sequence)
                admitted.append(sequence)
                for other in passed:
                    other.num_passed += 1
            else:
                passed.append(sequence)
            if any(other.num_passed >= MAX_PASSED for other in passed):
                break
        return tuple(admitted)

    def _share(self, budget: int, prompts: list[Sequence]) -> dict[int, int]:
        """Split the budget evenly; what one does not need goes to the others; odd tokens go round."""
        shares = {s.seq: 0 for s in prompts}
        turn = self._turn % len(prompts) if prompts else 0
        order = prompts[turn:] + prompts[:turn]
        self._turn += 1
        hungry = order
        while budget > 0 and hungry:
            even = max(budget // len(hungry), 1)
            for s in hungry:
                take = min(even, s.num_pending - shares[s.seq], budget)
                shares[s.seq] += take
                budget -= take
            hungry = [s for s in hungry if shares[s.seq] < s.num_pending]
        return shares


def _chunk(sequence: Sequence, num: int) -> Chunk:
    """The next `num` tokens of a sequence; it samples when that is all there is."""
    start = sequence.num_computed
    return Chunk(sequence.seq, start, sequence.tokens(start, num), samples=num == sequence.num_pending)
