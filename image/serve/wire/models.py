"""Orders about one model."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from serve.wire.body import Body


class ModelOrder(Body):
    """Which one, by id or alias."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": "tinyllama-1.1b-chat-v1.0.q2-k"}]})

    model: Annotated[str, Field(min_length=1, max_length=200)]
