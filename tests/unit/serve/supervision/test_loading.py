"""Tests of serve.supervision.loading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from serve.models import AdapterEntry, ModelEntry
from serve.supervision.loading import GPU_CONTEXT_BYTES, WORKER_BYTES, guess_bytes, guess_gpu_bytes, load_message
from serve.supervision.ports import Options

OPTIONS = Options(Path("/m"), num_threads=3, step_tokens=16, max_waiting=5, start_s=20, silence_s=1.5, stuck_s=60)
ENTRY = ModelEntry(id="m", file="m.gguf", num_slots=4, context_tokens=4096)
GIB = 1024**3


def test_a_worker_is_told_all_it_needs() -> None:
    """With whole paths; a step has room for a token of each slot and a prompt."""
    entry = replace(ENTRY, num_slots=20, adapters=(AdapterEntry("a", "a.gguf"),), draft_tokens=2)
    load = load_message(entry, replace(OPTIONS, state_dir=Path("/state")))
    assert (load.path, load.adapters[0].path, load.state_dir) == ("/m/m.gguf", "/m/a.gguf", "/state")
    assert load.template_kwargs_json == "{}"
    told = replace(entry, chat_template_kwargs={"enable_thinking": False})
    assert load_message(told, OPTIONS).template_kwargs_json == '{"enable_thinking": false}'
    assert (load.step_tokens, load.mixed_tokens, load.num_threads, load.num_draft_tokens) == (21, 21, 3, 2)


def test_a_guess_grows_with_the_weights_and_with_what_is_to_be_remembered() -> None:
    """It is never less than the file."""
    assert guess_bytes(ENTRY, 0) == WORKER_BYTES
    assert guess_bytes(replace(ENTRY, num_slots=8), GIB) > guess_bytes(ENTRY, GIB) > GIB


def test_gpus_are_used_where_there_are_any_and_the_model_does_not_say_otherwise() -> None:
    """All layers, so many, or none; without GPUs nothing of them is touched."""
    with_gpus = replace(OPTIONS, gpu_bytes=24 * GIB)
    assert [load_message(replace(ENTRY, gpu_layers=n), with_gpus).gpu_layers for n in (None, 7, 0)] == [None, 7, 0]
    assert (
        load_message(ENTRY, OPTIONS).gpu_layers == load_message(replace(ENTRY, gpu_layers=7), OPTIONS).gpu_layers == 0
    )


def test_a_guess_of_a_gpus_memory_has_room_for_cuda_and_is_tried_with_less() -> None:
    """Who chooses the layers knows what fits."""
    guess, least = guess_gpu_bytes(ENTRY, 10 * GIB)
    assert guess > 10 * GIB + GPU_CONTEXT_BYTES > 10 * GIB > least > 8 * GIB
    assert guess_gpu_bytes(replace(ENTRY, gpu_layers=20), 10 * GIB) == (0, 0)
