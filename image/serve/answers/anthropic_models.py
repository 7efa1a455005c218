"""Models as Anthropic lists them: on the same path as OpenAI's, for whoever names Anthropic's version in a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from serve.answers.frame import Chunk
from serve.models import ModelEntry
from serve.supervision.ports import Status

VERSION = "anthropic-version"


def is_anthropics(headers: Mapping[str, str]) -> bool:
    """Does a client of Anthropic's API ask? All of them send it, as they must."""
    return VERSION in headers


def page(models: Sequence[tuple[ModelEntry, Status]]) -> Chunk:
    """All of them: there is no second page."""
    data = [model_info(*each) for each in models]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"data": data, "has_more": False, **ends}


def model_info(entry: ModelEntry, status: Status) -> Chunk:
    """One of them."""
    return {
        "type": "model",
        "id": entry.id,
        "display_name": entry.id,
        "created_at": datetime.fromtimestamp(status.written_at, UTC).isoformat(),
        "lifecycle": "active",
        "max_input_tokens": entry.context_tokens,
        "max_tokens": entry.max_tokens or entry.context_tokens,
    }
