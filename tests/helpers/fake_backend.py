"""A backend that computes nothing but remembers everything: the next token is a function of a sequence's own history.

So the right answer of a request is known without an engine (`answer_alone`), and any mix-up of rows, positions or
sequences shows as a wrong one. Tokens below 256 are bytes; END ends an answer; POISON can't be decoded; MUTE can't be
sampled after.
"""

from __future__ import annotations

import zlib

from serve.engine.scheduler import Chunk
from serve.engine.types import DecodeError, EngineError, Request, Sampling

END, POISON, MUTE = 256, 257, 258


def next_token(history: list[int], seed: int) -> int:
    """Mostly letters, now and then the end."""
    value = zlib.crc32(repr((history, seed)).encode())
    return END if value % 23 == 0 else 97 + value % 26


class FakeBackend:
    """One process's model: sequence id -> tokens in its memory."""

    def __init__(self) -> None:
        self.memory: dict[int, list[int]] = {}
        self.seeds: dict[int, int] = {}
        self.num_decodes = 0
        self._sampled: set[int] = set()  # sequences whose logits the last decode left

    def open(self, seq: int, sampling: Sampling) -> None:
        """A new sequence must find a clean place."""
        assert seq not in self.memory, f"sequence {seq} is in use"
        self.memory[seq], self.seeds[seq] = [], sampling.seed

    def close(self, seq: int) -> None:
        """Forget it."""
        del self.memory[seq], self.seeds[seq]

    def decode(self, chunks: tuple[Chunk, ...]) -> None:
        """Append each chunk to its sequence, exactly where that one ends."""
        self.num_decodes += 1
        if any(POISON in chunk.tokens for chunk in chunks):
            raise DecodeError("poison")
        for chunk in chunks:
            assert chunk.start == len(self.memory[chunk.seq]), "a gap or an overlap"
            self.memory[chunk.seq] += chunk.tokens
        self._sampled = {chunk.seq for chunk in chunks if chunk.samples}

    def sample(self, chunk: Chunk) -> int:
        """Only after a decode that asked for it."""
        assert chunk.seq in self._sampled, "its logits are gone"
        if MUTE in self.memory[chunk.seq]:
            raise EngineError("mute")
        return next_token(self.memory[chunk.seq], self.seeds[chunk.seq])

    def piece(self, token: int) -> bytes:
        """One byte, or nothing."""
        return bytes([token]) if token < 256 else b""

    def is_end(self, token: int) -> bool:
        """The one end token."""
        return token == END


def answer_alone(request: Request, room: int) -> str:
    """What the request must be answered, whoever else is there."""
    history, text = list(request.prompt), ""
    max_tokens = request.max_tokens if request.max_tokens is not None else room - len(history)
    for _ in range(max_tokens):
        token = next_token(history, request.sampling.seed)
        if token == END:
            break
        history.append(token)
        text += chr(token)
    return text
