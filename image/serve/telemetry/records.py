"""How one generation went, as a value, and what is noted of the present request for its log line and its trace.

Names, counts and times: never a word of what was asked or answered.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """How one generation went. What is None did not come to be, or nobody knows."""

    model: str
    outcome: str  # a finish reason, an error's label, or "cancelled"
    duration_s: float
    first_token_s: float | None
    num_prompt_tokens: int
    num_generated_tokens: int
    num_cached_tokens: int = 0
    queue_s: float | None = None  # until it had a slot
    began_s: float = 0.0  # by the monotonic clock


@dataclass(slots=True)
class Noted:
    """What is collected of one HTTP request."""

    generations: list[GenerationRecord] = field(default_factory=list)
    error: str = ""  # the label of the error that it was answered with


_noted: ContextVar[Noted | None] = ContextVar("noted", default=None)


def collect() -> Noted:
    """From now on what this request notes is put into what is returned."""
    noted = Noted()
    _noted.set(noted)
    return noted


def note(record: GenerationRecord) -> None:
    """One generation ended; nobody may be collecting."""
    if (noted := _noted.get()) is not None:
        noted.generations.append(record)


def note_error(label: str) -> None:
    """The request is answered with this error."""
    if (noted := _noted.get()) is not None:
        noted.error = label


def fields(noted: Noted) -> dict[str, object]:
    """For a log line: of several generations of one request the sums, and the last one's names."""
    told: dict[str, object] = {"error": noted.error} if noted.error else {}
    records = noted.generations
    if not records:
        return told
    last = records[-1]
    told |= {
        "model": last.model,
        "outcome": last.outcome,
        "num_prompt_tokens": sum(each.num_prompt_tokens for each in records),
        "num_cached_tokens": sum(each.num_cached_tokens for each in records),
        "num_generated_tokens": sum(each.num_generated_tokens for each in records),
    }
    if last.queue_s is not None:
        told["queue_s"] = round(last.queue_s, 4)
    if last.first_token_s is not None:
        told["first_token_s"] = round(last.first_token_s, 4)
    return told
