"""Slots on real llama.cpp, on each kind of memory: what a file brings back goes on as if it had never been away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from serve.engine.engine import Engine
from serve.engine.errors import RefusedError
from serve.engine.slots import SlotAction, SlotOrder, Slots
from serve.engine.types import Finished, Request
from tests.helpers import tiny_archs
from tests.helpers.running_server import RunningServer, model_entry
from tests.helpers.tiny_archs import ARCHS, Arch
from tests.integration.test_memories import GREEDY, assert_same, engine_of, load, run, scores

if TYPE_CHECKING:
    from serve.engine.llama.backend import Llama

pytestmark = pytest.mark.engine

FIRST, OTHER = tuple(range(40, 90)), (*range(40, 70), *range(120, 150))


@pytest.fixture(scope="module", params=ARCHS)
def llama(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """One loaded model of each kind."""
    arch: Arch = request.param
    with load(tiny_archs.write(tmp_path_factory.mktemp(arch) / "tiny.gguf", arch)) as loaded:
        yield loaded


def asked(slot: int, prompt: tuple[int, ...] = FIRST) -> Request:
    """Eight tokens."""
    return Request(0, prompt, 8, GREEDY, ignore_eos=True, num_logprobs=2, slot=slot)


def cached(engine: Engine, request: Request) -> int:
    """How much of it was there."""
    (end,) = [event for event in run(engine, request) if isinstance(event, Finished)]
    return end.num_cached_tokens


def test_slots_are_saved_restored_and_erased(llama: Llama, tmp_path: Path) -> None:
    """As llama-server's own test does it: only what differs is computed, and the answer is that of the text alone.

    A recurrent state can't go back to where two texts part: there all is computed anew.
    """
    slots, path, engine = Slots(llama.fingerprint), tmp_path / "slot.bin", engine_of(llama)
    (said,) = scores(run(engine, asked(1))).values()
    saved = engine.act_on_slot(slots, SlotOrder(1, SlotAction.SAVE, path))
    assert (saved.num_tokens, saved.num_bytes) == (len(FIRST) + 7, path.stat().st_size)
    assert cached(engine, asked(1, OTHER)) == (30 if llama.memory.can_trim else 0)

    engine = engine_of(llama)
    assert engine.act_on_slot(slots, SlotOrder(0, SlotAction.RESTORE, path)).num_tokens == saved.num_tokens
    more = asked(0, (*FIRST, *(score.token for score in said), 7, 8))
    events = run(engine, more)
    (end,) = [event for event in events if isinstance(event, Finished)]
    assert end.num_cached_tokens == saved.num_tokens
    assert engine.act_on_slot(slots, SlotOrder(0, SlotAction.ERASE)).num_tokens == len(more.prompt) + 7
    assert cached(engine, more) == 0
    assert_same(llama, replace(more, slot=None), scores(events)[0, 0])


def test_a_file_comes_back_while_others_stream(llama: Llama, tmp_path: Path) -> None:
    """Between two of their steps, and none of them says anything else for it."""
    slots, path, engine = Slots(llama.fingerprint), tmp_path / "slot.bin", engine_of(llama)
    run(engine, asked(0))
    engine.act_on_slot(slots, SlotOrder(0, SlotAction.SAVE, path))
    stream = replace(asked(1, OTHER), id=5, max_tokens=30)
    events = [engine.submit(stream)]
    for number in range(12):
        events += engine.step()
        if number % 3 == 2:
            engine.act_on_slot(slots, SlotOrder(number % 2 * 2, SlotAction.RESTORE, path))
    while not engine.is_idle:
        events += engine.step()
    assert_same(llama, replace(stream, slot=None), scores(events)[5, 0])


def test_a_slot_of_another_model_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """Its state has another shape, or says other text."""
    path = tmp_path / "slot.bin"
    with load(tiny_archs.write(tmp_path / "one.gguf", "llama")) as llama:
        engine = engine_of(llama)
        run(engine, asked(1))
        engine.act_on_slot(Slots(llama.fingerprint), SlotOrder(1, SlotAction.SAVE, path))
    with (
        load(tiny_archs.write(tmp_path / "other.gguf", "gemma3")) as llama,
        pytest.raises(RefusedError, match="other weights"),
    ):
        engine_of(llama).act_on_slot(Slots(llama.fingerprint), SlotOrder(1, SlotAction.RESTORE, path))


def test_a_slot_goes_from_one_server_to_the_next(own_folder: Path) -> None:
    """Over HTTP, in llama.cpp's words: what is saved by one is what the other one goes on with."""
    folder, text = own_folder / "slots", "What is the capital of France?"
    entry = model_entry(num_slots=2)

    def ask(server: RunningServer, slot: int) -> tuple[int, int]:
        body = {"prompt": text, "id_slot": slot, "n_predict": 8, "temperature": 0, "ignore_eos": True}
        answer = httpx.post(f"{server.url}/completion", json=body, timeout=30).json()
        return answer["id_slot"], answer["timings"]["prompt_n"]

    def act(server: RunningServer, slot: int, action: str) -> dict[str, Any]:
        file = None if action == "erase" else {"filename": "france.bin"}
        answer = httpx.post(f"{server.url}/slots/{slot}?action={action}", json=file, timeout=30)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    with RunningServer(own_folder, [entry], slot_save_dir=folder, admin_routes="on") as server:
        server.wait_for("/health/ready", 200)
        slot, num_tokens = ask(server, 1)
        assert slot == 1
        saved = act(server, 1, "save")
        assert saved["n_saved"] == num_tokens + 7
        assert (folder / "france.bin").stat().st_size == saved["n_written"]
        assert act(server, 1, "erase") == {"id_slot": 1, "n_erased": saved["n_saved"]}
        assert ask(server, 1) == (1, num_tokens)
    with RunningServer(own_folder, [entry], slot_save_dir=folder, admin_routes="on") as server:
        server.wait_for("/health/ready", 200)
        assert act(server, 0, "restore")["n_restored"] == saved["n_saved"]
        assert ask(server, 1) == (1, num_tokens)
        assert ask(server, 0) == (0, 1)
