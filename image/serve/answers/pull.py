"""How a pull goes on, as lines of JSON: `starting`, `downloading`, `verifying`, `discovered`, `complete` or `error`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec

from serve.answers.frame import Chunk
from serve.pulls.pull import Pull
from serve.pulls.types import PullState, PullStatus

MEDIA_TYPE = "application/x-ndjson"
MIB = 1024 * 1024
_encode = msgspec.json.Encoder().encode


async def lines(pull: Pull) -> AsyncIterator[bytes]:
    """To its end. What went wrong after the first line can only be told in a last one."""
    yield _line(replace(pull.status, state=PullState.STARTING, message=""))  # also for who comes later
    async for status in pull.follow():
        if status.state is not PullState.STARTING or status.message:
            yield _line(status)


def _line(status: PullStatus) -> bytes:
    return _encode(line_of(status)) + b"\n"


def line_of(status: PullStatus) -> Chunk:
    """One state, with what there is to say of it."""
    told: Chunk = {"status": "error" if status.state is PullState.FAILED else status.state.value, "id": status.id}
    match status.state:
        case PullState.STARTING:
            told |= {"model": status.order.repo, "filename": status.order.file}
            if status.message:
                told["message"] = status.message
        case PullState.DOWNLOADING | PullState.VERIFYING:
            told |= _progress(status)
        case PullState.DISCOVERED:
            told["models"] = status.models
        case PullState.COMPLETE:
            size_mb = round(status.total_bytes / MIB, 2)
            told |= {"size_mb": size_mb, "discovered": bool(status.models), "models": status.models}
        case PullState.FAILED:
            told["error"] = status.message
        case PullState.CANCELLED:
            pass
    return told


def summary(status: PullStatus) -> Chunk:
    """One pull among all."""
    order = status.order
    told: Chunk = {"id": status.id, "model": order.repo, "filename": order.file, "revision": order.revision}
    told |= {"files": status.files, "started_at": int(status.started_at)}
    return told | _progress(status) | line_of(status)


def _progress(status: PullStatus) -> Chunk:
    """`eta_s` is null where nobody can say."""
    percent = 100 * status.done_bytes / status.total_bytes if status.total_bytes else 0.0
    return {
        "percent": round(percent, 1),
        "done_bytes": status.done_bytes,
        "total_bytes": status.total_bytes,
        "bytes_per_s": round(status.bytes_per_s),
        "eta_s": round(status.eta_s, 1) if status.bytes_per_s else None,
    }
