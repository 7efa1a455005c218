"""Tests of serve.wire.embedding."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.engine.types import Adapter, Task
from serve.messages import GenerateRequest, TextPrompt
from serve.wire.embedding import EmbeddingRequest, NativeEmbeddingRequest
from tests.unit.serve.wire.bodies import ENTRY


@pytest.mark.parametrize(
    ("given", "prompts"),
    [
        ("a", [("a",)]),
        (["a", "b"], [("a",), ("b",)]),
        ([1, 2], [(1, 2)]),
        ([[1, 2], "a"], [(1, 2), ("a",)]),
    ],
)
def test_texts_and_tokens_are_taken_one_or_several(given: Any, prompts: list[tuple[str | int, ...]]) -> None:
    """As OpenAI has it; under llama.cpp's two names as well."""
    wanted = [TextPrompt(parts) for parts in prompts]
    assert [each.prompt for each in EmbeddingRequest(input=given).to_generate(ENTRY)] == wanted
    for name in ("content", "input"):
        body = NativeEmbeddingRequest.model_validate({name: given})
        assert [each.prompt for each in body.to_generate(ENTRY)] == wanted


def test_a_vector_is_a_request_like_any_other() -> None:
    """With priority, patience and adapters."""
    body = EmbeddingRequest.model_validate({"input": "a", "priority": 2, "queue_timeout": 3, "lora": [{"id": 1}]})
    assert body.to_generate(ENTRY) == [
        GenerateRequest(TextPrompt(("a",)), task=Task.EMBED, priority=-2, wait_s=3.0, adapters=(Adapter("off", 1.0),))
    ]


@pytest.mark.parametrize(
    "fields", [{}, {"input": None}, {"input": "a", "encoding_format": "int8"}, {"input": "a", "dimensions": 0}]
)
def test_values_out_of_their_range_are_refused(fields: dict[str, Any]) -> None:
    """Before anything else sees them."""
    with pytest.raises(ValidationError):
        EmbeddingRequest.model_validate(fields)
