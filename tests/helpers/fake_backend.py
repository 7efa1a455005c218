"""A backend that computes nothing but remembers everything: the next token is a function of a sequence's own history.

So the right answer of a request is known without an engine (`answer_alone`), and any mix-up of rows, positions,
sequences or shared beginnings shows as a wrong one. Tokens below 256 are bytes; END ends an answer; POISON can't be
decoded; MUTE can't be sampled after. Its memory is of one of three kinds: it keeps all, a window, or one position.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Literal

from serve.engine.errors import DecodeError, EngineError, NoRoomError, RefusedError
from serve.engine.sequence import Chunk
from serve.engine.types import (
    Adapter,
    AdapterFile,
    FailureKind,
    Request,
    Sampling,
    TokenScore,
)

END, POISON, MUTE = 256, 257, 258
BAD_GRAMMAR = "bad"
Kind = Literal["full", "window", "exact"]
WINDOW = 6


def next_token(history: list[int], seed: int, num_letters: int = 26) -> int:
    """Mostly letters, now and then the end. With few letters, what was said is often said again."""
    value = zlib.crc32(repr((history, seed)).encode())
    return END if value % 23 == 0 else 97 + value % num_letters


class FakeMemory:
    """Sequence id -> its tokens, and from which position on they are really there."""

    def __init__(self, kind: Kind, num_ids: int, *, copies: bool = False) -> None:
        self._kind = kind
        self._num_ids = num_ids
        self.copies = copies
        self.tokens: dict[int, list[int]] = {}
        self._first: dict[int, int] = {}

    @property
    def forks_anywhere(self) -> bool:
        """Only a memory that keeps all."""
        return self._kind == "full"

    @property
    def can_trim(self) -> bool:
        """One position can't go back."""
        return self._kind != "exact"

    @property
    def window_tokens(self) -> int:
        """Of the kind that has one."""
        return WINDOW if self._kind == "window" and not self.copies else 0

    def can_fork(self, seq: int, num_tokens: int) -> bool:
        """Is what the next token needs there?"""
        tokens = self.tokens.get(seq, [])
        if len(tokens) < num_tokens or (self._kind == "exact" and len(tokens) != num_tokens):
            return False
        return self._first.get(seq, 0) <= max(0, num_tokens - WINDOW) or self._kind != "window"

    def fork(self, source: int, seq: int, num_tokens: int) -> None:
        """Into an empty place only, and only what is there."""
        assert seq not in self.tokens, f"sequence {seq} is in use"
        if num_tokens:
            assert self.can_fork(source, num_tokens), "a copy of what is not there"
            self.tokens[seq], self._first[seq] = self.tokens[source][:num_tokens], self._first[source]

    def trim(self, seq: int, num_tokens: int) -> bool:
        """The last ones go."""
        assert self.can_trim or num_tokens == len(self.tokens[seq])
        del self.tokens[seq][num_tokens:]
        return True

    def forget(self, seq: int) -> None:
        """All go."""
        self.tokens.pop(seq, None)
        self._first.pop(seq, None)

    def clear(self) -> None:
        """All of all go."""
        self.tokens.clear()
        self._first.clear()

    def add(self, chunk: Chunk) -> None:
        """Exactly where the sequence ends; what a window has left behind is gone."""
        assert 0 <= chunk.seq < self._num_ids
        known = self.tokens.setdefault(chunk.seq, [])
        assert chunk.start == len(known), "a gap or an overlap"
        first = self._first.setdefault(chunk.seq, 0)
        if self._kind == "window":
            assert first <= max(0, chunk.start - WINDOW), "the window has forgotten what this row looks at"
            # Guesses may go again: what the first row of this chunk looks at stays.
            self._first[chunk.seq] = max(first, chunk.start + 1 - WINDOW)
        known += chunk.tokens


class FakeBackend:
    """One process's model."""

    def __init__(
        self,
        kind: Kind = "full",
        *,
        num_ids: int = 6,
        pools: bool = False,
        max_outputs: int = 8,
        copies: bool = False,
        num_letters: int = 26,
    ) -> None:
        self.memory = FakeMemory(kind, num_ids, copies=copies)
        self.num_ids = num_ids
        self.pools = pools
        self.max_outputs = max_outputs
        self._num_letters = num_letters
        self.seeds: dict[int, int] = {}
        self.grammars: dict[int, tuple[str, bytes]] = {}
        self.adapters = {"a"}
        self.num_decodes = 0
        self.num_rows = 0
        self.rooms = 10**9  # decodes until the memory is full for once
        self._rows: dict[int, list[int]] = {}  # sequence -> its history at each row of the last decode that yields
        self._last: dict[int, Chunk] = {}

    def open(
        self, seq: int, sampling: Sampling, grammar: str | None, *, prompt: tuple[int, ...], shows_special: bool = False
    ) -> None:
        """A sequence is opened once."""
        assert seq not in self.seeds, f"sequence {seq} is in use"
        if grammar == BAD_GRAMMAR:
            raise RefusedError(FailureKind.BAD_GRAMMAR, "bad")
        self.seeds[seq] = sampling.seed
        if grammar is not None:
            self.grammars[seq] = (grammar, b"")

    def constrain(self, seq: int, grammar: str, begun: bytes) -> None:
        """Note it."""
        self.grammars[seq] = (grammar, begun)

    def move(self, old: int, new: int) -> None:
        """How it chooses goes with it."""
        assert new not in self.seeds
        if old in self.seeds:
            self.seeds[new] = self.seeds.pop(old)
        if old in self.grammars:
            self.grammars[new] = self.grammars.pop(old)

    def close(self, seq: int) -> None:
        """Forget how it chooses."""
        self.seeds.pop(seq, None)
        self.grammars.pop(seq, None)

    def decode(self, chunks: tuple[Chunk, ...], adapters: tuple[Adapter, ...] = (), *, embeds: bool = False) -> None:
        """All or nothing."""
        self.num_decodes += 1
        self.rooms -= 1
        if self.rooms == 0:
            raise NoRoomError("full")
        if any(POISON in chunk.tokens for chunk in chunks):
            raise DecodeError("poison")
        num_outputs = sum(len(chunk.tokens) if embeds else chunk.num_outputs for chunk in chunks)
        assert num_outputs <= self.max_outputs or self.pools
        self.num_rows += sum(len(chunk.tokens) for chunk in chunks)
        for chunk in chunks:
            self.memory.add(chunk)
        self._last = {chunk.seq: chunk for chunk in chunks}

    def _history(self, chunk: Chunk, row: int) -> list[int]:
        assert self._last.get(chunk.seq) == chunk, "its logits are gone"
        assert row >= len(chunk.tokens) - chunk.num_outputs, "this row yields nothing"
        return self.memory.tokens[chunk.seq][: chunk.start + row + 1]

    def sample(self, chunk: Chunk, row: int) -> int:
        """A function of the history, and of the seed."""
        history = self._history(chunk, row)
        if MUTE in history:
            raise EngineError("mute")
        return next_token(history, self.seeds[chunk.seq], self._num_letters)

    def score(self, chunk: Chunk, row: int, token: int, num_top: int) -> TokenScore:
        """As probable as the history is long."""
        likeliest = next_token(self._history(chunk, row), 0, self._num_letters)
        top = ((likeliest, self.piece(likeliest, special=True), -0.5),)[:num_top]
        return TokenScore(token, self.piece(token, special=True), -float(chunk.start + row + 1), top)

    def vector(self, chunk: Chunk) -> bytes:
        """The sum of the tokens."""
        return struct.pack("<f", float(sum(self._history(chunk, len(chunk.tokens) - 1))))

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """One byte, or nothing; control tokens have a text that means them."""
        if token < 256:
            return bytes([token])
        return b"<%d>" % token if special else b""

    def is_end(self, token: int) -> bool:
        """The one end token."""
        return token == END

    def has_adapter(self, name: str) -> bool:
        """One of those that were added, or `a`."""
        return name in self.adapters

    def add_adapter(self, file: AdapterFile) -> None:
        """Remember its name."""
        self.adapters.add(file.name)

    def remove_adapter(self, name: str) -> None:
        """Forget it."""
        self.adapters.discard(name)

    def save(self, seq: int, path: Path, tokens: tuple[int, ...]) -> None:
        """As bytes."""
        assert tuple(self.memory.tokens[seq]) == tokens
        path.write_bytes(struct.pack(f"<{1 + len(tokens)}i", len(tokens), *tokens))

    def load(self, seq: int, path: Path, max_tokens: int) -> tuple[int, ...]:
        """Back again."""
        raw = path.read_bytes()
        (num,) = struct.unpack_from("<i", raw)
        tokens = struct.unpack_from(f"<{num}i", raw, 4)
        if len(tokens) > max_tokens:
            return ()
        self.memory.add(Chunk(seq, 0, tokens, 0))
        return tokens


def answer_alone(request: Request, room: int, num_letters: int = 26) -> str:
    """What the request must be answered, whoever else is there."""
    history, text = list(request.prompt), ""
    max_tokens = request.max_tokens if request.max_tokens is not None else room - len(history)
    for _ in range(max_tokens):
        token = next_token(history, request.sampling.seed, num_letters)
        if token == END:
            break
        history.append(token)
        text += chr(token)
    return text
