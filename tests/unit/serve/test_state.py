"""Tests of serve.engine.state, with the engine on a backend that remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serve.engine.engine import Engine, Limits
from serve.engine.errors import StateError
from serve.engine.state import PARTIAL, StateStore
from serve.engine.types import (
    Adapter,
    Finished,
    Request,
    Sampling,
)
from tests.helpers.fake_backend import FakeBackend

LIMITS = Limits(num_slots=3, sequence_tokens=60, kv_tokens=180, step_tokens=32, max_waiting=9)
PLENTY = 10**6


def engine_with(backend: FakeBackend, *prompts: int, **changes: Any) -> Engine:
    """One that has answered prompts of these lengths."""
    engine = Engine(backend, LIMITS)
    for number, size in enumerate(prompts):
        prompt = tuple(number * 100 % 250 + i % 5 for i in range(size))
        engine.submit(Request(number, prompt, 3, Sampling(seed=number), ignore_eos=True, **changes))
        while not engine.is_idle:
            engine.step()
    return engine


def ask(engine: Engine, number: int, size: int) -> Finished:
    """The same prompt again."""
    prompt = tuple(number * 100 % 250 + i % 5 for i in range(size))
    engine.submit(Request(9, prompt, 1, Sampling(seed=1), ignore_eos=True))
    events = []
    while not engine.is_idle:
        events += engine.step()
    (end,) = [event for event in events if isinstance(event, Finished)]
    return end


def test_what_one_process_computed_another_one_uses(tmp_path: Path) -> None:
    """After a restart a known prompt is computed in one row; nothing half-written is left."""
    store = StateStore(tmp_path, "model", PLENTY)
    assert engine_with(FakeBackend(), 20, 30).save_state(store) == 2
    assert not list(tmp_path.rglob(f"*{PARTIAL}"))
    engine = Engine(FakeBackend(), LIMITS)
    assert engine.restore_state(store) == 2
    assert ask(engine, 1, 30).num_cached_tokens == 29
    assert engine.stats().kv_tokens_reserved <= LIMITS.kv_tokens


def test_a_damaged_file_is_removed_and_not_used(tmp_path: Path) -> None:
    """Its content must be what its name says."""
    store = StateStore(tmp_path, "model", PLENTY)
    engine_with(FakeBackend(), 20).save_state(store)
    (path,) = tmp_path.rglob("*.kv")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert Engine(FakeBackend(), LIMITS).restore_state(store) == 0
    assert not path.exists()


def test_a_file_that_the_backend_refuses_is_removed(tmp_path: Path) -> None:
    """And its id is free again."""

    class Refusing(FakeBackend):
        def load(self, seq: int, path: Path, max_tokens: int) -> tuple[int, ...]:
            raise StateError("other shape")

    store = StateStore(tmp_path, "model", PLENTY)
    engine_with(FakeBackend(), 20).save_state(store)
    engine = Engine(Refusing(), LIMITS)
    assert engine.restore_state(store) == 0
    assert (engine.stats().num_kept, list(tmp_path.rglob("*.kv"))) == (0, [])


def test_another_model_finds_nothing(tmp_path: Path) -> None:
    """Each model has a folder of its own."""
    engine_with(FakeBackend(), 20).save_state(StateStore(tmp_path, "model", PLENTY))
    assert Engine(FakeBackend(), LIMITS).restore_state(StateStore(tmp_path, "other", PLENTY)) == 0


def test_the_bound_on_bytes_holds(tmp_path: Path) -> None:
    """What does not fit any more is left out, and files of an earlier save go."""
    backend = FakeBackend()
    engine = engine_with(backend, 20, 30)
    assert engine.save_state(StateStore(tmp_path, "model", PLENTY)) == 2
    assert engine.save_state(StateStore(tmp_path, "model", 4 * 33)) == 1
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.kv")) <= 4 * 33


def test_what_adapters_computed_is_not_saved(tmp_path: Path) -> None:
    """A name says nothing about which adapter it will be next time."""
    engine = engine_with(FakeBackend(), 20, adapters=(Adapter("a"),))
    assert engine.save_state(StateStore(tmp_path, "model", PLENTY)) == 0


def test_more_than_fits_is_not_restored(tmp_path: Path) -> None:
    """A smaller engine takes what it has room for, and its count stays right."""
    store = StateStore(tmp_path, "model", PLENTY)
    engine_with(FakeBackend(), 20, 30, 40).save_state(store)
    small = Engine(FakeBackend(), Limits(num_slots=1, sequence_tokens=50, kv_tokens=50, step_tokens=32, max_waiting=9))
    assert small.restore_state(store) == 1
    assert small.stats().kv_tokens_reserved <= 50
    assert len(list(tmp_path.rglob("*.kv"))) == 3  # for whoever has more room


@pytest.mark.parametrize("is_dir", [True, False])
def test_without_a_folder_nothing_is_restored(tmp_path: Path, is_dir: bool) -> None:
    """The first start has none."""
    if is_dir:
        (tmp_path / "model").mkdir()
    assert Engine(FakeBackend(), LIMITS).restore_state(StateStore(tmp_path, "model", PLENTY)) == 0
