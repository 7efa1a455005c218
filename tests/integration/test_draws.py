"""Tokens that are drawn side by side, on the real llama.cpp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serve.engine.sequence import Chunk
from serve.engine.types import LoadOptions, Sampling

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

NUM = 6
SAMPLINGS = (Sampling(temperature=0), Sampling(seed=3), Sampling(seed=4, repeat_penalty=1.3, penalty_window_tokens=8))


@pytest.fixture(scope="module")
def llama(tiny_model: Path) -> Iterator[Llama]:
    """The loaded tiny model, with rows of six sequences."""
    from serve.engine.llama.backend import Llama

    with Llama(LoadOptions(tiny_model, NUM, 64, 64, num_threads=2)) as loaded:
        loaded.decode(tuple(Chunk(seq, 0, (5 + seq, 6, 7 + seq), 1) for seq in range(NUM)))
        yield loaded
        loaded.memory.clear()


def chains(llama: Llama, sampling: Sampling) -> list[Any]:
    """One for each sequence."""
    from serve.engine.llama.chooser import Chooser

    return [Chooser(llama.model, sampling, (), 64) for _ in range(NUM)]


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("num_threads", [1, 2, 3, 9])
def test_side_by_side_is_as_one_by_one(
    llama: Llama, sampling: Sampling, num_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many threads draw: the tokens are those that llama.cpp's own call chooses, three draws in a row."""
    from serve.engine.llama import draws
    from serve.engine.llama.library import C

    monkeypatch.setattr(draws, "WORTHWHILE", 0)
    rows, context = [3 * seq + 2 for seq in range(NUM)], llama._context
    alone, together = chains(llama, sampling), chains(llama, sampling)
    drawing = draws.Draws(num_threads, llama.model.num_vocab)
    for _ in range(3):
        expected = [C.llama_sampler_sample(each.chain, context, row) for each, row in zip(alone, rows, strict=True)]
        pairs = [(each.chain, row) for each, row in zip(together, rows, strict=True)]
        assert drawing.many(context, pairs) == expected
    drawing.close()
    for each in (*alone, *together):
        each.close()


def test_the_likeliest_token_is_the_greedy_one(llama: Llama) -> None:
    """The shorter search for it finds what the scores say."""
    from serve.engine.llama.draws import Draws

    chunk, drawing = Chunk(2, 0, (7, 6, 9), 1), Draws(1, llama.model.num_vocab)
    (chooser, *others) = chains(llama, Sampling(temperature=0))
    token = drawing.one(llama._context, chooser.chain, 3 * 2 + 2)
    assert llama.score(chunk, 2, token, 1).top[0][0] == token
    drawing.close()
    for each in (chooser, *others):
        each.close()


def test_a_closed_sequence_is_not_drawn_for(llama: Llama) -> None:
    """One that ended between its decode and the first question leaves the others as they are."""
    chunks = tuple(Chunk(seq, 3, (8 + seq,), 1) for seq in range(3))
    for seq in range(3):
        llama.open(seq, Sampling(temperature=0), None, prompt=())
    llama.decode(chunks)
    llama.close(1)
    tokens = [llama.sample(chunks[0], 0), llama.sample(chunks[2], 0)]
    assert tokens == [llama.score(chunks[index], 0, 0, 1).top[0][0] for index in (0, 2)]
    for seq in (0, 2):
        llama.close(seq)
    with pytest.raises(KeyError):
        llama.sample(chunks[0], 0)
