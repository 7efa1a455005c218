"""What the engine holds of a request while it runs or waits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from serve.engine.answer import Answer
from serve.engine.backend import Backend
from serve.engine.drafts import NgramDraft
from serve.engine.errors import RefusedError
from serve.engine.sequence import Chunk, Sequence
from serve.engine.types import (
    FailureKind,
    Finished,
    FinishReason,
    PromptRead,
    PromptScores,
    Request,
    Task,
    TokenScore,
)


@dataclass(slots=True)
class Live:
    """One request: its choices, what they say, and the scores of its prompt."""

    request: Request
    sequences: list[Sequence]
    answers: dict[int, Answer]  # by choice
    num_left: int
    # Of its prompt, by choice: the one that is through with it first tells them, and the others stop.
    scores: dict[int, list[TokenScore]] = field(default_factory=dict)
    has_told_scores: bool = False

    def open(self, backend: Backend, sequence: Sequence, num_draft_tokens: int, now_s: float) -> None:
        """One of its choices begins to run, with so many drafts unless it says otherwise. EngineError: it can't."""
        sequence.admitted_s = now_s
        request = self.request
        if request.task is Task.EMBED:
            return
        most = num_draft_tokens if request.num_draft_tokens is None else request.num_draft_tokens
        sequence.draft = NgramDraft(most) if most > 0 and backend.memory.can_trim else None
        grammar = request.grammar.text if request.grammar and not request.grammar.triggers else None
        sampling = self.answers[sequence.choice].sampling
        backend.open(sequence.seq, sampling, grammar, prompt=request.prompt, shows_special=request.show_special)

    def read_prompt(self, sequence: Sequence, chunk: Chunk, now_s: float) -> list[PromptRead]:
        """How far its prompt is, for who wants to know. Other choices share what the first one reads."""
        if not self.request.tells_progress or sequence.choice or chunk.start >= sequence.num_prompt:
            return []
        begun = PromptRead(self.request.id, sequence.num_prompt, sequence.num_cached, sequence.num_cached)
        end, took_s = min(chunk.end, sequence.num_prompt), now_s - sequence.admitted_s
        read = replace(begun, num_read_tokens=end, took_s=took_s)
        return [begun, read] if chunk.start == sequence.num_cached else [read]

    def score_prompt(self, backend: Backend, sequence: Sequence, chunk: Chunk) -> list[PromptScores]:
        """Note how likely the tokens after the rows of this chunk were; all of them, once, when that was the last."""
        if self.has_told_scores:
            return []
        num_top, prompt = self.request.num_logprobs or 0, self.request.prompt
        scores = self.scores.setdefault(sequence.choice, [])
        if chunk.start == 0:
            scores.append(TokenScore(prompt[0], backend.piece(prompt[0], special=True), None))
        for row, position in enumerate(range(chunk.start, min(chunk.end, sequence.num_prompt - 1))):
            scores.append(backend.score(chunk, row, prompt[position + 1], num_top))
        if chunk.end < sequence.num_prompt:
            return []
        self.has_told_scores = True
        return [PromptScores(self.request.id, tuple(scores))]

    def finished(self, sequence: Sequence, reason: FinishReason, slot: int) -> Finished:
        """The last word of one of its choices."""
        self.num_left -= 1
        return Finished(
            self.request.id,
            reason,
            sequence.num_prompt,
            sequence.num_generated,
            sequence.choice,
            is_last=self.num_left == 0,
            num_cached_tokens=sequence.num_cached,
            stop=self.answers[sequence.choice].stop,
            drafts=(sequence.draft.num_proposed, sequence.draft.num_accepted) if sequence.draft else (0, 0),
            slot=slot,
            queue_s=sequence.admitted_s - sequence.arrived_s,
        )


def check(request: Request, backend: Backend) -> None:
    """RefusedError: this model can't do that."""
    if request.task is Task.GENERATE and backend.pools:
        raise RefusedError(FailureKind.UNSUPPORTED, "this model makes embeddings only: it can't generate text")
    for adapter in request.adapters:
        if not backend.has_adapter(adapter.name):
            raise RefusedError(FailureKind.UNSUPPORTED, f"this model has no adapter {adapter.name!r}")
