"""How a pull goes on, in Ollama's words. Programs draw a bar for each digest and wait for `success`."""

from __future__ import annotations

from serve.answers.frame import Chunk
from serve.answers.ollama_models import sha256_of
from serve.pulls.types import PullOrder, PullState, PullStatus

SUCCESS: Chunk = {"status": "success"}
_PLAIN = {
    PullState.STARTING: "pulling manifest",
    PullState.VERIFYING: "verifying sha256 digest",
    PullState.DISCOVERED: "writing manifest",
}


def line_of(status: PullStatus) -> Chunk | None:
    """What is told while it goes on."""
    if status.state is PullState.DOWNLOADING:
        digest = _digest(status.order)
        told: Chunk = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}"}
        return told | {"total": status.total_bytes, "completed": status.done_bytes}
    return {"status": _PLAIN[status.state]} if status.state in _PLAIN else None


def _digest(order: PullOrder) -> str:
    """The file's where it is known, else one of its name."""
    return order.sha256 or sha256_of(f"{order.repo}@{order.revision}/{order.file}")
