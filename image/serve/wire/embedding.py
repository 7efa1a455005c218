"""POST /v1/embeddings, and llama.cpp's /embedding."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field

from serve.engine.types import Task
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.body import Body
from serve.wire.common import Lora, Priority, QueueTimeout, adapters
from serve.wire.prompts import Prompts, read_prompts

MAX_DIMENSIONS = 65_536


class VectorFields(Body):
    """What all requests for vectors and scores share."""

    model: str | None = None
    priority: Priority | None = None
    queue_timeout: QueueTimeout | None = None
    lora: Lora | None = None

    def common(self, entry: ModelEntry) -> dict[str, Any]:
        """The fields of a GenerateRequest that do not depend on the prompt."""
        return {
            "task": Task.EMBED,
            "adapters": adapters(self.lora, entry),
            "priority": -(self.priority or 0),
            "wait_s": self.queue_timeout,
        }


class EmbeddingRequest(VectorFields):
    """POST /v1/embeddings. With `dimensions`, the first so many, made of length 1 again.

    That is what models that were trained for it are made for, and what their users ask for; others get worse by it.
    """

    input: Prompts
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1, le=MAX_DIMENSIONS)] | None = None

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked requests, one for each text."""
        return [GenerateRequest(prompt, **self.common(entry)) for prompt in read_prompts(self.input, "input")]


class NativeEmbeddingRequest(VectorFields):
    """POST /embedding. `embd_normalize` is llama.cpp's: -1 leaves vectors as they are, 2 makes them of length 1."""

    content: Prompts = Field(validation_alias=AliasChoices("content", "input"))
    embd_normalize: Literal[-1, 2] = 2

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked requests, one for each text."""
        return [GenerateRequest(prompt, **self.common(entry)) for prompt in read_prompts(self.content, "content")]
