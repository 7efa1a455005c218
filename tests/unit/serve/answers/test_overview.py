"""Tests of serve.answers.overview."""

from __future__ import annotations

import json

from serve.answers.overview import overview
from serve.container import Memory
from serve.engine.types import Stats
from serve.models import ModelEntry
from serve.pulls.types import PullOrder, PullState, PullStatus
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status

ENTRY = ModelEntry(id="m", file="m.gguf", num_slots=2, context_tokens=64, aliases=("n",))
STATUS = Status(
    model="m",
    state=State.LOADING,
    reason="",
    num_requests=3,
    num_restarts=1,
    load_share=0.12345,
    first_load_ended=True,
    stats=Stats(num_running=2, num_waiting=1, kv_tokens_reserved=50, kv_tokens_kept=20, kv_tokens_total=128),
    info=None,
    written_at=0,
    size_bytes=1000,
    memory_bytes=2000,
)
PULL = PullStatus(
    id="1",
    order=PullOrder("o/r", "f.gguf"),
    state=PullState.DOWNLOADING,
    done_bytes=5,
    total_bytes=10,
    bytes_per_s=2.6,
    eta_s=1.96,
    message="",
    models=(),
    started_at=0.0,
)


def test_it_is_json_with_all_that_people_look_at() -> None:
    """Kept KV tokens are not in use; numbers are as long as they mean something."""
    told = overview(
        word="healthy", now=1.0, memory_bytes=7, container=Memory(8, 9, is_bound=True),
        models=[(ENTRY, STATUS)], pulls=[PULL],
    )  # fmt: skip
    assert json.loads(json.dumps(told)) == told
    assert told["server"] == {"state": "healthy", "memory_bytes": 7, "memory_used_bytes": 8, "memory_total_bytes": 9}
    [model], [pull] = told["models"], told["pulls"]
    assert (model["state"], model["load_share"]) == ("loading", 0.123)
    assert (model["num_running"], model["num_waiting"], model["num_restarts"]) == (2, 1, 1)
    assert (model["kv_tokens_used"], model["kv_tokens_total"]) == (30, 128)
    assert (model["size_bytes"], model["memory_bytes"]) == (1000, 2000)
    assert (pull["state"], pull["bytes_per_s"], pull["eta_s"]) == ("downloading", 3, 2.0)
