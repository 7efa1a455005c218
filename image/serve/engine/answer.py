"""What one choice of a request says: tokens -> text and scores that may be shown. Notes when a grammar begins."""

from __future__ import annotations

from dataclasses import replace

from serve.engine.backend import Backend
from serve.engine.sequence import Chunk
from serve.engine.text import TextStream
from serve.engine.trigger import Trigger
from serve.engine.types import NO_SEED, Delta, Request, Sampling, TokenScore


class Answer:
    """One choice. Text and scores come out by `delta()`, once each."""

    __slots__ = ("_choice", "_held", "_request", "_scores", "_stream", "_text", "_trigger")

    def __init__(self, request: Request, choice: int) -> None:
        self._request = request
        self._choice = choice
        self._stream = TextStream(request.stop, skip_first_space=request.skip_first_space)
        triggers = request.grammar.triggers if request.grammar else ()
        self._trigger = Trigger(triggers) if triggers else None
        self._text = ""
        self._scores: list[TokenScore] = []
        self._held: list[TokenScore] = []  # of tokens whose text is held back

    @property
    def sampling(self) -> Sampling:
        """How its tokens are chosen: a given seed gives every choice one of its own."""
        sampling = self._request.sampling
        if self._choice == 0 or sampling.seed == NO_SEED:
            return sampling
        return replace(sampling, seed=(sampling.seed + self._choice) % NO_SEED)

    @property
    def is_over(self) -> bool:
        """Did a stop string end it?"""
        return self._stream.stopped

    @property
    def stop(self) -> str | None:
        """Which one."""
        return self._stream.stop

    def take(self, backend: Backend, seq: int, chunk: Chunk, row: int, token: int) -> None:
        """The next token, chosen after this row."""
        request = self._request
        piece = backend.piece(token, special=request.show_special)
        if request.num_logprobs is not None:
            scored = backend.score(chunk, row, token, request.num_logprobs)
            self._held.append(replace(scored, piece=piece))  # what is no part of the text is none here
        self._text += self._stream.push(piece)
        if self._stream.stopped:
            self._held.clear()
        elif self._held and not self._stream.is_holding:
            self._scores += self._held
            self._held.clear()
        if self._trigger is not None and request.grammar is not None:
            begun = self._trigger.push(backend.piece(token, special=True))
            if begun is not None:
                self._trigger = None
                backend.constrain(seq, request.grammar.text, begun)

    def delta(self) -> Delta:
        """What may be shown and was not yet."""
        text, scores = self._text, tuple(self._scores)
        self._text = ""
        self._scores.clear()
        return Delta(self._request.id, text, self._choice, scores)

    def finish(self) -> Delta:
        """The rest: nothing more comes, so nothing is held back any longer."""
        self._text += self._stream.finish()
        self._scores += self._held
        self._held.clear()
        return self.delta()
