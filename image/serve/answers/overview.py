"""The server as people look at it: its models, what they do and take, and its pulls, as one value.

For the page and for `python -m serve models`. Programs that watch a server read /metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from serve.container import Memory
from serve.models import ModelEntry
from serve.pulls.types import PullStatus
from serve.supervision.ports import Status

Json = dict[str, Any]


def overview(
    *,
    word: str,
    now: float,
    memory_bytes: int,
    container: Memory,
    models: Iterable[tuple[ModelEntry, Status]],
    pulls: Sequence[PullStatus],
) -> Json:
    """`word` is what /health says, `memory_bytes` the HTTP process alone; models have their own."""
    return {
        "time": round(now, 3),
        "server": {
            "state": word,
            "memory_bytes": memory_bytes,
            "memory_used_bytes": container.used_bytes,
            "memory_total_bytes": container.total_bytes,
        },
        "models": [_model(entry, status) for entry, status in models],
        "pulls": [_pull(each) for each in pulls],
    }


def _model(entry: ModelEntry, status: Status) -> Json:
    stats = status.stats
    return {
        "id": entry.id,
        "aliases": list(entry.aliases),
        "state": status.state.value,
        "reason": status.reason,
        "load_share": round(status.load_share, 3),
        "size_bytes": status.size_bytes,
        "memory_bytes": status.memory_bytes,
        "is_pinned": status.is_pinned,
        "unload_at": status.unload_at,
        "context_tokens": entry.context_tokens,
        "num_slots": entry.num_slots,
        "num_running": stats.num_running,
        "num_waiting": stats.num_waiting,
        "num_restarts": status.num_restarts,
        # What ended requests left there is given up when it is needed: it is not in use.
        "kv_tokens_used": stats.kv_tokens_reserved - stats.kv_tokens_kept,
        "kv_tokens_total": stats.kv_tokens_total,
        "prompt_tokens": stats.prompt_tokens,
        "generated_tokens": stats.generated_tokens,
    }


def _pull(pull: PullStatus) -> Json:
    return {
        "id": pull.id,
        "repo": pull.order.repo,
        "file": pull.order.file,
        "state": pull.state.value,
        "done_bytes": pull.done_bytes,
        "total_bytes": pull.total_bytes,
        "bytes_per_s": round(pull.bytes_per_s),
        "eta_s": round(pull.eta_s, 1),
        "message": pull.message,
        "models": list(pull.models),
    }
