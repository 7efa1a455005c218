"""Vectors on real llama.cpp: how long texts are cut into steps, and how a model that makes them is opened."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serve.engine.engine import Engine, Limits
from serve.engine.sequence import Chunk
from serve.engine.types import Embedded, LoadOptions, Request, Task
from tests.helpers import tiny_archs
from tests.helpers.llama import make_importable
from tests.helpers.tiny_archs import ARCHS, Arch

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

STEP = 256


def load(path: Path) -> Llama:
    """With steps that are wider than what they may yield."""
    make_importable()
    from serve.engine.llama.backend import Llama

    return Llama(LoadOptions(path, num_slots=2, sequence_tokens=512, step_tokens=STEP, num_threads=1))


@pytest.mark.parametrize("arch", ARCHS)
def test_the_vector_of_a_long_text_is_that_of_narrow_steps(tmp_path: Path, arch: Arch) -> None:
    """Steps that make vectors of all their rows are narrow; now only the last one is such a step."""
    text = tuple(40 + number % 150 for number in range(400))
    with load(tiny_archs.write(tmp_path / "tiny.gguf", arch)) as llama:
        assert llama.max_outputs < STEP
        for start in range(0, len(text), llama.max_outputs):
            tokens = text[start : start + llama.max_outputs]
            chunk = Chunk(0, start, tokens, len(tokens))
            llama.decode((chunk,), embeds=True)
        wanted = floats(llama.vector(chunk))
        engine = Engine(llama, Limits(2, 512, 1024, STEP, max_waiting=9))
        engine.submit(Request(1, text, task=Task.EMBED))
        events, num_steps = [], 0
        while not engine.is_idle:
            events += engine.step()
            num_steps += 1
        (found,) = [each for each in events if isinstance(each, Embedded)]
        assert num_steps == 3
        assert floats(found.vector) == pytest.approx(wanted, abs=2e-2)


def floats(vector: bytes) -> tuple[float, ...]:
    """As numbers, of length 1."""
    numbers = struct.unpack(f"<{len(vector) // 4}f", vector)
    length = sum(number * number for number in numbers) ** 0.5
    return tuple(number / length for number in numbers)


@pytest.mark.parametrize(("ranks", "tells_pooling", "opens"), [(False, True, 1), (True, True, 1), (False, False, 2)])
def test_an_encoder_that_says_how_it_pools_is_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ranks: bool, tells_pooling: bool, opens: int
) -> None:
    """Its context is made as it must be; only one that says nothing is found out by making one."""
    make_importable()
    from serve.engine.llama.library import C

    made: list[Any] = []
    make = C.llama_init_from_model

    def counted(*given: object) -> Any:
        made.append(given)
        return make(*given)

    monkeypatch.setattr(C, "llama_init_from_model", counted)
    tiny_archs.write_encoder(tmp_path / "tiny.gguf", ranks=ranks, tells_pooling=tells_pooling)
    with load(tmp_path / "tiny.gguf") as llama:
        assert llama.pools
        assert (llama.info().generates, llama.info().ranks) == (False, ranks)
    assert len(made) == opens
