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
    assert (load.step_tokens, load.mixed_tokens, load.num_threads, load.num_draft_tokens) == (21, 21, 3, 2)


def test_a_guess_grows_with_the_weights_and_with_what_is_to_be_remembered() -> None:
    """It is never less than the file."""
    assert guess_bytes(ENTRY, 0) == WORKER_BYTES
    assert guess_bytes(replace(ENTRY, num_slots=8), GIB) > guess_bytes(ENTRY, GIB) > GIB
