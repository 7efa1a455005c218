"""What every chunk and every answer of one request has around it, and its numbers: usage and timings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serve.answers.turns import Tally
from serve.engine.types import PromptRead

Chunk = dict[str, Any]

FINGERPRINT = "b-slipway"  # llama.cpp's begin so, and clients look for it


@dataclass(frozen=True, slots=True)
class Frame:
    """One request's."""

    id: str
    model: str
    created: int
    include_usage: bool = False  # as a chunk of its own at the end of a stream
    timings_per_token: bool = False
    verbose: bool = False

    def chunk(self, kind: str, choices: list[Chunk]) -> Chunk:
        """Around choices."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": FINGERPRINT,
            "choices": choices,
        }


def usage(tally: Tally) -> Chunk:
    """OpenAI's count of tokens."""
    return {
        "prompt_tokens": tally.num_prompt_tokens,
        "completion_tokens": tally.num_generated_tokens,
        "total_tokens": tally.num_prompt_tokens + tally.num_generated_tokens,
        "prompt_tokens_details": {"cached_tokens": tally.num_cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": tally.num_reasoning_tokens},
    }


def timings(tally: Tally) -> Chunk:
    """llama.cpp's count of milliseconds."""
    num_computed = max(0, tally.num_prompt_tokens - tally.num_cached_tokens)
    first_s = tally.first_s or tally.last_s
    return {
        "cache_n": tally.num_cached_tokens,
        **_pace("prompt", num_computed, first_s - tally.began_s),
        **_pace("predicted", tally.num_generated_tokens, tally.last_s - first_s, num_free=1),
        **_drafts(tally),
    }


def progress(read: PromptRead) -> Chunk:
    """llama.cpp's word on how far a prompt is: what a streamed chunk has beside an answer that is still empty."""
    return {
        "prompt_progress": {
            "total": read.num_prompt_tokens,
            "cache": read.num_cached_tokens,
            "processed": read.num_read_tokens,
            "time_ms": round(read.took_s * 1000),
        }
    }


def _drafts(tally: Tally) -> Chunk:
    """Only where there were some, as in llama.cpp."""
    if not tally.num_drafted_tokens:
        return {}
    return {"draft_n": tally.num_drafted_tokens, "draft_n_accepted": tally.num_accepted_tokens}


def _pace(name: str, num_tokens: int, seconds: float, num_free: int = 0) -> Chunk:
    """`num_free` tokens took none of this time: the first one comes with the prompt."""
    ms, num = round(max(seconds, 0.0) * 1000, 3), max(num_tokens - num_free, 0)
    return {
        f"{name}_n": num_tokens,
        f"{name}_ms": ms,
        f"{name}_per_token_ms": round(ms / num, 3) if num else 0.0,
        f"{name}_per_second": num / ms * 1000 if ms else 0.0,
    }
