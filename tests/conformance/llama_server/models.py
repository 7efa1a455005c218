"""Tiny models with random weights in place of those that the suite names."""

from __future__ import annotations

from pathlib import Path

from tests.helpers import tiny_archs, tiny_gguf

TEXT, VECTORS, SCORES, ADAPTER = "text.gguf", "vectors.gguf", "scores.gguf", "moe_shakespeare15M.gguf"
"""The adapter has the name under which the suite downloads its own."""
_NAMES = {"bert": VECTORS, "rerank": SCORES}


def write_all(folder: Path) -> None:
    """All of them."""
    tiny_gguf.write(folder / TEXT)
    tiny_archs.write_encoder(folder / VECTORS)
    tiny_archs.write_encoder(folder / SCORES, ranks=True)
    tiny_archs.write_adapter(folder / ADAPTER)


def stand_in(name: str) -> str:
    """The file that stands for a model, by what its name says that it does."""
    return next((file for word, file in _NAMES.items() if word in name), TEXT)
