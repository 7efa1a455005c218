"""A context takes memory as it is used, on real llama.cpp; and what is cleared reads as zeros, whoever clears it."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.engine.sequence import Chunk
from serve.engine.types import LoadOptions, Sampling
from tests.helpers.llama import make_importable

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama
    from serve.engine.llama.pages import Pages

pytestmark = pytest.mark.engine

SLOTS, ROOM, STEP = 64, 4096, 256
NUM_BYTES = SLOTS * ROOM * 256
"""Of the tiny model's KV cache: two layers of keys and values, 32 numbers of two bytes each."""
TEXT_TOKENS = 512
USED_BYTES = SLOTS * TEXT_TOKENS * 256
BUFFER_PAGES = 300  # more than pages.MIN_BYTES


@pytest.fixture(scope="module")
def pages(tiny_model: Path) -> Pages:
    """The process's own."""
    del tiny_model
    from serve.engine.llama.pages import pages

    return pages()


@pytest.fixture
def buffer(pages: Pages) -> Iterator[tuple[Any, int, int]]:
    """One of llama.cpp's: how it is called, where it is and how large."""
    base, size = pages._base, BUFFER_PAGES * mmap.PAGESIZE + 100
    made = base.ggml_backend_buft_alloc_buffer(pages._kind, size)
    start = base.ggml_backend_buffer_get_base(made)
    ctypes.memset(start, 0xFF, size)
    yield made, start, size
    base.ggml_backend_buffer_free(made)


def load(path: Path) -> Llama:
    """With room for much more than the test uses."""
    make_importable()
    from serve.engine.llama.backend import Llama

    return Llama(LoadOptions(path, SLOTS, ROOM, STEP, num_threads=1))


def resident_bytes() -> int:
    """Of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


def decode(llama: Llama, seq: int) -> int:
    """A text of its own for a sequence; returns the greedy token after it."""
    tokens = tuple(number * 7 % 256 for number in range(seq, seq + TEXT_TOKENS))
    llama.open(seq, Sampling(temperature=0), None, prompt=tokens)
    for start in range(0, TEXT_TOKENS, STEP):
        chunk = Chunk(seq, start, tokens[start : start + STEP], 1)
        llama.decode((chunk,))
    return llama.sample(chunk, 0)


def test_a_context_takes_memory_as_it_is_used(tiny_model: Path, pages: Pages) -> None:
    """Hardly any when it is made, and what a long text needs when there is one."""
    from serve.engine.llama.pages import anonymous_bytes

    assert pages.is_lazy
    before = resident_bytes()
    with load(tiny_model) as llama:
        made = resident_bytes() - before
        assert llama.info().lazy_bytes >= NUM_BYTES
        assert made < NUM_BYTES / 2
        begun = llama.info().anonymous_bytes
        for seq in range(SLOTS):
            decode(llama, seq)
        assert 0.9 * USED_BYTES < anonymous_bytes() - begun < 2 * USED_BYTES
        assert made + 0.9 * USED_BYTES < resident_bytes() - before < made + 2 * USED_BYTES


def test_what_is_forgotten_altogether_is_given_back(tiny_model: Path) -> None:
    """And what comes after it is computed as in a new context."""
    with load(tiny_model) as llama:
        first = [decode(llama, seq) for seq in range(SLOTS)]
        full = resident_bytes()
        for seq in range(SLOTS):
            llama.close(seq)
        llama.memory.clear()
        assert resident_bytes() < full - 0.9 * USED_BYTES
        assert [decode(llama, seq) for seq in range(SLOTS)] == first


def test_a_cleared_buffer_reads_as_zeros(pages: Pages, buffer: tuple[Any, int, int]) -> None:
    """To its last byte, on whole pages and on those that others share."""
    made, start, size = buffer
    pages.count()
    pages._base.ggml_backend_buffer_clear(made, 0)
    assert ctypes.string_at(start, size) == bytes(size)
    assert pages.lazy_bytes == size


def test_another_value_than_zero_is_written(pages: Pages, buffer: tuple[Any, int, int]) -> None:
    """The kernel gives zeros only."""
    made, start, size = buffer
    pages.count()
    pages._base.ggml_backend_buffer_clear(made, 3)
    assert ctypes.string_at(start, size) == bytes([3]) * size
    assert pages.lazy_bytes == 0


def test_locked_memory_is_written(pages: Pages, buffer: tuple[Any, int, int]) -> None:
    """The kernel does not take it back, and it is zeros all the same."""
    made, start, size = buffer
    libc = ctypes.CDLL(None, use_errno=True)
    page = start // mmap.PAGESIZE * mmap.PAGESIZE
    assert libc.mlock(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE * 2)) == 0, os.strerror(ctypes.get_errno())
    pages.count()
    pages._base.ggml_backend_buffer_clear(made, 0)
    libc.munlock(ctypes.c_void_p(page), ctypes.c_size_t(mmap.PAGESIZE * 2))
    assert ctypes.string_at(start, size) == bytes(size)
    assert pages.lazy_bytes == 0


@given(st.integers(0, 3 * mmap.PAGESIZE), st.integers(2 * mmap.PAGESIZE, 5 * mmap.PAGESIZE))
def test_neighbours_of_what_is_given_back_stay(pages: Pages, offset: int, size: int) -> None:
    """Wherever it begins and ends."""
    area = mmap.mmap(-1, 10 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    held = (ctypes.c_char * len(area)).from_buffer(area)
    area[:] = b"\xff" * len(area)
    assert pages._give_back(ctypes.addressof(held) + offset, size)
    assert area[:] == b"\xff" * offset + bytes(size) + b"\xff" * (len(area) - offset - size)
    del held
    area.close()


def test_where_llama_cpp_is_built_otherwise_all_stays_as_it_was(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry of a buffer's table is called to clear it, or another one makes buffers: nothing is replaced."""
    from serve.engine.llama.pages import Pages

    entries = ctypes.cast(pages._kind, ctypes.POINTER(ctypes.c_size_t))
    before = list(entries[:6])
    monkeypatch.setattr(Pages, "_is_clear", lambda *_: False)
    assert not Pages().is_lazy
    monkeypatch.undo()
    monkeypatch.setattr("serve.engine.llama.pages._ALLOC", 2)
    assert not Pages().is_lazy
    assert list(entries[:6]) == before
