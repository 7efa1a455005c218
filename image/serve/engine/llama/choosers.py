"""Who chooses the tokens of which sequence. Knows ids, chunks and rows; how one chooses is chooser.py's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serve.engine.llama.candidates import Candidates
from serve.engine.llama.chooser import Chooser
from serve.engine.llama.draws import Draws
from serve.engine.llama.model import Model
from serve.engine.sequence import Chunk
from serve.engine.types import Sampling


class Choosers:
    """One for each running sequence, and what they share.

    After a decode, whoever is asked first has all the others choose, too, side by side. Only those with a grammar or
    with drafts choose when it is their turn: their choices depend on each other.
    """

    def __init__(self, model: Model, context_tokens: int, num_threads: int) -> None:
        self._model = model
        self._context_tokens = context_tokens
        self._by_seq: dict[int, Chooser] = {}
        self._draws = Draws(num_threads, model.num_vocab)
        self._scratch: Candidates | None = None
        self._context: Any = None  # of the last decode
        self._undrawn: tuple[Chunk, ...] = ()
        self._first_rows: Mapping[int, int] = {}
        self._drawn: dict[int, int] = {}

    def __len__(self) -> int:
        """Sequences that were opened and not closed."""
        return len(self._by_seq)

    @property
    def candidates(self) -> Candidates:
        """Made when first needed: most servers never are asked for log-probabilities or grammars."""
        if self._scratch is None:
            self._scratch = Candidates(self._model.num_vocab)
        return self._scratch

    def open(
        self, seq: int, sampling: Sampling, grammar: str | None, *, prompt: tuple[int, ...], shows_special: bool
    ) -> None:
        """A new sequence."""
        chooser = Chooser(self._model, sampling, prompt, self._context_tokens, shows_special=shows_special)
        self._by_seq[seq] = chooser
        if grammar is not None:
            self.constrain(seq, grammar, b"")

    def constrain(self, seq: int, grammar: str, begun: bytes) -> None:
        """From now on this grammar holds."""
        self._by_seq[seq].constrain(grammar, begun, self.candidates)

    def close(self, seq: int) -> None:
        """Its sequence has ended, if it had begun."""
        self._drawn.pop(seq, None)
        chooser = self._by_seq.pop(seq, None)
        if chooser is not None:
            chooser.close()

    def close_all(self) -> None:
        """Give all memory back. Safe to call twice."""
        for seq in tuple(self._by_seq):
            self.close(seq)
        self._draws.close()
        if self._scratch is not None:
            self._scratch.close()
            self._scratch = None

    def move(self, old: int, new: int) -> None:
        """Its sequence has another id now."""
        if old in self._by_seq:
            self._by_seq[new] = self._by_seq.pop(old)

    def decoded(self, context: Any, chunks: tuple[Chunk, ...], first_rows: Mapping[int, int]) -> None:
        """These were computed, and what was chosen before is of no use any more. `first_rows`: of a chunk, by id."""
        self._context, self._undrawn, self._first_rows = context, chunks, first_rows
        self._drawn.clear()

    def sample(self, chunk: Chunk, row: int) -> int:
        """The next token after a row of a chunk of the last decode."""
        if self._undrawn:
            self._draw_all()
        if chunk.seq in self._drawn:
            return self._drawn.pop(chunk.seq)
        chooser = self._by_seq[chunk.seq]
        candidates = self.candidates if chooser.is_constrained else None
        return chooser.sample(self._context, self._first_rows[chunk.seq] + row, self._draws, candidates)

    def _draw_all(self) -> None:
        chunks, self._undrawn = self._undrawn, ()
        draws = {}
        for chunk in chunks:
            chooser = self._by_seq.get(chunk.seq)
            if chunk.num_outputs == 1 and chooser is not None and not chooser.is_constrained:
                draws[chunk.seq] = (chooser.chain, self._first_rows[chunk.seq] + len(chunk.tokens) - 1)
        self._drawn = dict(zip(draws, self._draws.many(self._context, list(draws.values())), strict=True))
