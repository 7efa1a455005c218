"""Who chooses the tokens of one sequence: a sampler chain, and a grammar where there is one.

Most tokens that a model chooses by itself fit the grammar, and asking about one token takes microseconds, while asking
about all takes tens of milliseconds. So: choose, ask about that one, and only when it does not fit choose among those
that do. The grammar is never told a token that it would not take: llama.cpp ends the process then.

Some grammars take exponentially long. C can't be interrupted, but a step that took too long is its sequence's last one.
"""

from __future__ import annotations

import time
from typing import Any

from serve.engine.errors import EngineError, RefusedError
from serve.engine.llama.candidates import Candidates
from serve.engine.llama.draws import Draws
from serve.engine.llama.library import C
from serve.engine.llama.model import Model
from serve.engine.llama.samplers import make_chain, num_looked_at, remembers
from serve.engine.types import FailureKind, Sampling

# Of this thread's own time: a busy machine makes no grammar slow. A usual one takes milliseconds.
MAX_GRAMMAR_S = 1.0


class Chooser:
    """One sequence's."""

    __slots__ = ("_chain", "_grammar", "_model", "_remembers", "_shows_special")

    def __init__(
        self,
        model: Model,
        sampling: Sampling,
        prompt: tuple[int, ...],
        context_tokens: int,
        *,
        shows_special: bool = False,
    ) -> None:
        self._model = model
        self._shows_special = shows_special
        self._remembers = remembers(sampling)
        self._grammar: Any = None
        self._chain = make_chain(sampling, dry=model.dry, num_vocab=model.num_vocab, context_tokens=context_tokens)
        num_told = min(num_looked_at(sampling, context_tokens), len(prompt))
        for token in prompt[len(prompt) - num_told :]:
            C.llama_sampler_accept(self._chain, token)

    @property
    def is_constrained(self) -> bool:
        """Is there a grammar?"""
        return self._grammar is not None

    def close(self) -> None:
        """Give C's memory back."""
        C.llama_sampler_free(self._chain)
        if self._grammar is not None:
            C.llama_sampler_free(self._grammar)

    def constrain(self, text: str, begun: bytes, candidates: Candidates) -> None:
        """From now on this grammar holds; the answer has said `begun` of it."""
        started = time.thread_time()
        self._grammar = _make_grammar(self._model, text)
        for token in _tokens_of(self._model, begun):
            if not candidates.allows(self._grammar, token):
                raise EngineError(f"the answer began with {begun!r}, which its grammar does not allow")
            C.llama_sampler_accept(self._grammar, token)
        _check_time(started)

    @property
    def chain(self) -> Any:
        """Where there is no grammar, it alone chooses."""
        return self._chain

    def sample(self, context: Any, row: int, draws: Draws, candidates: Candidates | None) -> int:
        """The next token after a row of the last decode."""
        if self._grammar is None or candidates is None:
            return draws.one(context, self._chain, row)
        started = time.thread_time()
        token = self._first_choice(context, row, draws, candidates)
        if not self._fits(token, candidates):
            if not self._shows_special and not self._model.knows_hidden_tokens:
                self._model.hidden_tokens()  # once for all, in half a second for the largest vocabularies
                started = time.thread_time()
            token = self._choice_that_fits(context, row, candidates)
            if not self._fits(token, candidates):
                raise EngineError("the grammar allows no token of this model here")
            C.llama_sampler_accept(self._chain, token)
        elif self._remembers:
            C.llama_sampler_accept(self._chain, token)
        if not self._model.is_end(token):
            C.llama_sampler_accept(self._grammar, token)
        _check_time(started)
        return token

    def _first_choice(self, context: Any, row: int, draws: Draws, candidates: Candidates) -> int:
        """As without a grammar; a chain that remembers is not told yet."""
        if not self._remembers:
            return draws.one(context, self._chain, row)
        candidates.fill(C.llama_get_logits_ith(context, row))
        candidates.apply(self._chain)
        return candidates.chosen

    def _choice_that_fits(self, context: Any, row: int, candidates: Candidates) -> int:
        candidates.fill(C.llama_get_logits_ith(context, row))
        if not self._shows_special:
            candidates.forbid(self._model.hidden_tokens())
        candidates.apply(self._grammar)
        candidates.apply(self._chain)
        return candidates.chosen

    def _fits(self, token: int, candidates: Candidates) -> bool:
        # A control token passes as the text that means it: that is right only where it is shown as that text.
        is_seen = self._shows_special or not self._model.is_hidden(token)
        return is_seen and candidates.allows(self._grammar, token)


def _tokens_of(model: Model, begun: bytes) -> tuple[int, ...]:
    """Tokens that say exactly this. Many tokenizers put a space before a text: then after something that is cut off."""
    for before in ("", "\n", "\x01"):
        tokens = model.tokenize(before + begun.decode("utf-8", "replace"), add_special=False, parse_special=False)
        for start in range(len(tokens) + 1):
            if b"".join(model.piece(token) for token in tokens[start:]) == begun:
                return tokens[start:]
    raise EngineError(f"the answer began with {begun!r}, which no tokens of this model say")


def _check_time(started_s: float) -> None:
    took_s = time.thread_time() - started_s
    if took_s > MAX_GRAMMAR_S:
        raise EngineError(f"the grammar took {took_s:.1f} s for one token: at most {MAX_GRAMMAR_S:g} s are allowed")


def _make_grammar(model: Model, text: str) -> Any:
    """RefusedError when C can't read it. An empty one would let everything pass, a NUL byte would cut it."""
    raw = text.encode("utf-8", "replace")
    if not raw.strip() or b"\0" in raw:
        raise RefusedError(FailureKind.BAD_GRAMMAR, "the grammar is empty or has a NUL character")
    grammar = C.llama_sampler_init_grammar(model.vocab, raw, b"root")
    if not grammar:
        raise RefusedError(FailureKind.BAD_GRAMMAR, "the grammar can't be read: see GBNF's rules")
    return grammar
