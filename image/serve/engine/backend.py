"""What computes, as the engine sees it. llama/ has the real one; tests/helpers/fake_backend.py one that remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from serve.engine.memory import Memory
from serve.engine.sequence import Chunk
from serve.engine.types import Adapter, AdapterFile, Sampling, TokenScore


class Backend(Protocol):
    """One model and its memory."""

    @property
    def memory(self) -> Memory:
        """Its KV cache."""

    @property
    def num_ids(self) -> int:
        """Sequence ids there are: for those that run, and for those that are kept."""

    @property
    def max_outputs(self) -> int:
        """Rows of one step that may yield something."""

    @property
    def pools(self) -> bool:
        """Does it only make embeddings, of whole texts?"""

    def open(
        self, seq: int, sampling: Sampling, grammar: str | None, *, prompt: tuple[int, ...], shows_special: bool = False
    ) -> None:
        """Make ready to choose tokens for a new sequence under this id. Penalties count what the prompt says, too. With
        `shows_special`, its grammars mean control tokens, too, by their text."""

    def constrain(self, seq: int, grammar: str, begun: bytes) -> None:
        """From now on this grammar holds, of which the text has `begun` already. EngineError: it can't."""

    def close(self, seq: int) -> None:
        """No more tokens are chosen for this id. Its memory is another matter."""

    def move(self, old: int, new: int) -> None:
        """A sequence has another id now: who chooses its tokens goes with it. Its memory was moved already."""

    def decode(self, chunks: tuple[Chunk, ...], adapters: tuple[Adapter, ...] = (), *, embeds: bool = False) -> None:
        """Compute all rows in one batch, or raise DecodeError and be as before."""

    def sample(self, chunk: Chunk, row: int) -> int:
        """Choose the next token after this row of a chunk of the last decode; the sequence's choices go on from it."""

    def score(self, chunk: Chunk, row: int, token: int, num_top: int) -> TokenScore:
        """How likely a token was after this row, and which were likelier."""

    def vector(self, chunk: Chunk) -> bytes:
        """The embedding of a sequence whose last row was computed: float32, little-endian."""

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """A token's bytes; of a control token only when `special`."""

    def is_end(self, token: int) -> bool:
        """Does this token end the answer?"""

    def has_adapter(self, name: str) -> bool:
        """Is there a LoRA adapter of this name?"""

    def add_adapter(self, file: AdapterFile) -> None:
        """Load one, in place of one of the same name, or raise LoadError."""

    def remove_adapter(self, name: str) -> None:
        """Unload one."""

    def save(self, seq: int, path: Path, tokens: tuple[int, ...]) -> None:
        """Write the memory of a sequence to a file, or raise StateError."""

    def load(self, seq: int, path: Path, max_tokens: int) -> tuple[int, ...]:
        """Read it back into a free id and return its tokens; none when there are more. StateError: it can't be used."""
