"""Tests of serve.engine.slots, with the engine on a backend that remembers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve.engine.engine import Engine, Limits
from serve.engine.errors import RefusedError, StateError
from serve.engine.slots import SlotAction, SlotDone, SlotOrder, Slots
from serve.engine.state import PARTIAL
from serve.engine.types import (
    Adapter,
    Failed,
    FailureKind,
    Finished,
    Request,
    Sampling,
)
from tests.helpers.fake_backend import FakeBackend, Kind

LIMITS = Limits(num_slots=2, sequence_tokens=60, kv_tokens=120, step_tokens=32, max_waiting=9)
FRANCE, GERMANY = (*range(40, 60), 1), (*range(40, 55), 2, 3, 4, 5, 6)  # 15 in common: fewer than pay


def backend_of(kind: Kind = "full", *, copies: bool = True) -> FakeBackend:
    """With as many ids as slots, as where each has cells of its own."""
    return FakeBackend(kind, num_ids=2, copies=copies)


def engine_on(backend: FakeBackend) -> tuple[Engine, Slots]:
    """And its slots."""
    return Engine(backend, LIMITS), Slots(lambda: "f" * 16, clock=lambda: 1.0)


def ask(engine: Engine, prompt: tuple[int, ...], slot: int | None, **changes: Any) -> Finished:
    """One answer of three tokens."""
    request = Request(1, prompt, 3, Sampling(seed=1), ignore_eos=True, slot=slot, **changes)
    assert not isinstance(engine.submit(request), Failed)
    events = []
    while not engine.is_idle:
        events += engine.step()
    (end,) = [event for event in events if isinstance(event, Finished)]
    return end


def do(engine: Engine, slots: Slots, action: str, slot: int, path: Path = Path()) -> SlotDone:
    """An order."""
    return engine.act_on_slot(slots, SlotOrder(slot, SlotAction(action), path))


@pytest.mark.parametrize("copies", [True, False])
def test_a_slot_is_saved_and_restored_into_another(tmp_path: Path, copies: bool) -> None:
    """The story of llama-server's own test, number by number: only what differs is computed."""
    engine, slots = engine_on(backend_of(copies=copies))
    assert ask(engine, FRANCE, 1).num_cached_tokens == 0
    path = tmp_path / "slot1.bin"
    saved = do(engine, slots, "save", 1, path)
    assert saved.num_tokens == len(FRANCE) + 2
    assert saved.num_bytes == path.stat().st_size
    assert ask(engine, GERMANY, 1).num_cached_tokens == 15
    assert do(engine, slots, "restore", 0, path) == SlotDone(saved.num_tokens, saved.num_bytes)
    assert ask(engine, GERMANY, 0).num_cached_tokens == 15
    assert ask(engine, GERMANY, 1).num_cached_tokens == len(GERMANY) - 1
    assert [each.name for each in tmp_path.iterdir()] == ["slot1.bin"]
    assert not list(tmp_path.rglob(f"*{PARTIAL}"))


def test_another_process_of_the_same_model_goes_on_with_the_file(tmp_path: Path) -> None:
    """Whatever its slots held before."""
    engine, slots = engine_on(backend_of())
    ask(engine, FRANCE, 0)
    do(engine, slots, "save", 0, tmp_path / "a")
    other, its_slots = engine_on(backend_of())
    ask(other, GERMANY, 1)
    assert do(other, its_slots, "restore", 1, tmp_path / "a").num_tokens == len(FRANCE) + 2
    assert ask(other, FRANCE, 1).num_cached_tokens == len(FRANCE) - 1


def test_an_erased_slot_begins_anew() -> None:
    """Its number says how much that was; one that holds nothing is erased, too."""
    engine, slots = engine_on(backend_of())
    assert ask(engine, FRANCE, 1).slot == 1
    assert do(engine, slots, "erase", 1).num_tokens == len(FRANCE) + 2
    assert do(engine, slots, "erase", 1).num_tokens == 0
    assert ask(engine, FRANCE, 1).num_cached_tokens == 0


def test_who_names_a_slot_wants_nothing_else() -> None:
    """Not what another slot holds; who names none looks everywhere, and leaves the named one as it is."""
    engine, _ = engine_on(backend_of())
    ask(engine, FRANCE, 1)
    assert ask(engine, FRANCE, 0).num_cached_tokens == 0
    assert ask(engine, FRANCE, None).num_cached_tokens == len(FRANCE) - 1


def test_a_request_that_names_none_has_the_number_of_its_place(tmp_path: Path) -> None:
    """Its answer tells it, and under that it can be saved."""
    engine, slots = engine_on(backend_of())
    told = ask(engine, FRANCE, None).slot
    assert do(engine, slots, "save", told, tmp_path / "a").num_tokens == len(FRANCE) + 2
    with pytest.raises(RefusedError, match="holds nothing") as refused:
        do(engine, slots, "save", 1 - told, tmp_path / "b")
    assert refused.value.kind is FailureKind.CONFLICT
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("action", list(SlotAction))
def test_a_slot_at_work_is_left_alone(tmp_path: Path, action: str) -> None:
    """The other one is not at work."""
    engine, slots = engine_on(backend_of())
    ask(engine, FRANCE, 0)
    do(engine, slots, "save", 0, tmp_path / "a")
    engine.submit(Request(2, GERMANY, 9, ignore_eos=True, slot=1))
    engine.step()
    with pytest.raises(RefusedError, match="at work") as refused:
        do(engine, slots, action, 1, tmp_path / "a")
    assert refused.value.kind is FailureKind.CONFLICT
    assert do(engine, slots, action, 0, tmp_path / "a").num_tokens == len(FRANCE) + 2


def test_a_file_of_another_model_or_of_nobody_changes_nothing(tmp_path: Path) -> None:
    """The slot still holds what it held."""
    engine, slots = engine_on(backend_of())
    ask(engine, FRANCE, 0)
    do(engine, slots, "save", 0, tmp_path / "a")
    (tmp_path / "b").write_bytes(b"anything at all" * 9)
    damaged = bytearray((tmp_path / "a").read_bytes())
    damaged[9] ^= 1
    (tmp_path / "c").write_bytes(bytes(damaged))
    cases = (
        (Slots(lambda: "g" * 16), "a", "other weights"), (slots, "b", "not a slot"), (slots, "c", "damaged"),
        (slots, "d", "can't be read"),
    )  # fmt: skip
    for of_whom, name, why in cases:
        with pytest.raises(RefusedError, match=why) as refused:
            do(engine, of_whom, "restore", 0, tmp_path / name)
        assert refused.value.kind is FailureKind.BAD_STATE
    assert ask(engine, FRANCE, 0).num_cached_tokens == len(FRANCE) - 1


def test_a_file_that_the_backend_refuses_leaves_the_slot_empty(tmp_path: Path) -> None:
    """And its id is free again."""

    class Refusing(FakeBackend):
        def load(self, seq: int, path: Path, max_tokens: int) -> tuple[int, ...]:
            raise StateError("other shape")

    engine, slots = engine_on(backend_of())
    ask(engine, FRANCE, 0)
    do(engine, slots, "save", 0, tmp_path / "a")
    other, its_slots = engine_on(Refusing(num_ids=2))
    with pytest.raises(RefusedError, match="other shape"):
        do(other, its_slots, "restore", 0, tmp_path / "a")
    assert other.stats().num_kept == 0
    assert ask(other, FRANCE, 0).num_cached_tokens == 0


def test_what_runs_is_never_given_up_for_a_file(tmp_path: Path) -> None:
    """Where there is no room beside it, the order is refused."""
    engine, slots = engine_on(backend_of())
    ask(engine, FRANCE, 0)
    do(engine, slots, "save", 0, tmp_path / "a")
    engine.submit(Request(2, GERMANY, 39, ignore_eos=True, slot=1))
    engine.submit(Request(3, GERMANY, 39, ignore_eos=True, slot=1))
    engine.step()
    with pytest.raises(RefusedError, match="no room") as refused:
        do(engine, slots, "restore", 0, tmp_path / "a")
    assert refused.value.kind is FailureKind.CONFLICT


def test_what_an_adapter_computed_is_not_saved(tmp_path: Path) -> None:
    """A name says nothing about which adapter it will be next time."""
    engine, slots = engine_on(backend_of())
    ask(engine, FRANCE, 0, adapters=(Adapter("a"),))
    with pytest.raises(RefusedError, match="adapter") as refused:
        do(engine, slots, "save", 0, tmp_path / "a")
    assert refused.value.kind is FailureKind.UNSUPPORTED


def test_a_folder_that_takes_no_file_is_a_clear_error(tmp_path: Path) -> None:
    """Nothing half-written is left, and the slot is as it was."""
    engine, slots = engine_on(backend_of())
    ask(engine, FRANCE, 0)
    (tmp_path / "a").mkdir()
    with pytest.raises(StateError, match="can't be written"):
        do(engine, slots, "save", 0, tmp_path / "a")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert ask(engine, FRANCE, 0).num_cached_tokens == len(FRANCE) - 1


@settings(max_examples=60)
@given(
    kind=st.sampled_from(["full", "window", "exact"]),
    copies=st.booleans(),
    turns=st.lists(
        st.tuples(st.sampled_from([0, 1, None, "erase", "again"]), st.integers(0, 3), st.integers(2, 40)), max_size=12
    ),
)
def test_named_or_not_an_answer_is_the_same(kind: Kind, copies: bool, turns: list[tuple[Any, int, int]]) -> None:
    """On every memory, in every order: slots only decide how much is computed."""
    backend = FakeBackend(kind, num_ids=2 if copies else 6, copies=copies)
    engine, slots = engine_on(backend)
    for what, stem, size in turns:
        prompt = tuple(60 + stem + i % 7 for i in range(size))
        if what == "erase":
            do(engine, slots, "erase", stem % 2)
            continue
        slot = stem % 2 if what == "again" else what
        end = ask(engine, prompt, slot)
        assert end.num_generated_tokens == 3
        assert end.num_cached_tokens < size
        assert slot is None or end.slot == slot
    held = engine.stats()
    assert held.kv_tokens_reserved == held.kv_tokens_kept <= LIMITS.kv_tokens
