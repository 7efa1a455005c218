"""POST /api/embed, and /api/embeddings that came before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from serve.messages import GenerateRequest, TextPrompt
from serve.models import ModelEntry
from serve.wire.embedding import MAX_DIMENSIONS, VectorFields
from serve.wire.ollama.text import ModelFields
from serve.wire.prompts import MAX_PROMPTS


class OllamaEmbed(ModelFields):
    """POST /api/embed. Without a text it loads the model. More dimensions than there are ask for nothing."""

    input: str | Annotated[list[str], Field(max_length=MAX_PROMPTS)] | None = None
    truncate: bool | None = None  # as if true
    dimensions: Annotated[int, Field(ge=0, le=MAX_DIMENSIONS)] | None = None

    @property
    def texts(self) -> list[str]:
        """What is to be embedded."""
        given = [self.input] if isinstance(self.input, str) and self.input else self.input
        return given if isinstance(given, list) else []


class OllamaEmbeddings(ModelFields):
    """POST /api/embeddings: one text."""

    prompt: str | None = None


def to_vectors(entry: ModelEntry, prompts: Sequence[TextPrompt]) -> list[GenerateRequest]:
    """One request for each."""
    common = VectorFields().common(entry)
    return [GenerateRequest(prompt, **common) for prompt in prompts]
