"""Tests of serve.wire.ollama.vectors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from serve.engine.types import Adapter, Task
from serve.messages import TextPrompt
from serve.wire.ollama.vectors import OllamaEmbed, to_vectors
from tests.unit.serve.wire.bodies import ENTRY


def body(**fields: Any) -> OllamaEmbed:
    """As it comes."""
    return OllamaEmbed.model_validate_json(json.dumps({"model": "m"} | fields))


@pytest.mark.parametrize(
    ("given", "texts"), [("a", ["a"]), (["a", "b"], ["a", "b"]), ("", []), ([], []), (None, []), ([""], [""])]
)
def test_one_text_or_several(given: Any, texts: list[str]) -> None:
    """None at all asks for the model only."""
    assert body(input=given).texts == texts
    assert body().texts == []


@pytest.mark.parametrize("fields", [{"input": 5}, {"input": [1, 2]}, {"dimensions": -1}, {"input": ["a"] * 2049}])
def test_what_is_no_text_is_refused(fields: dict[str, Any]) -> None:
    """And too many of them."""
    with pytest.raises(ValidationError):
        body(**fields)


def test_each_text_is_a_request() -> None:
    """With what the model is set to."""
    first, second = to_vectors(ENTRY, [TextPrompt(("a",)), TextPrompt((1, 2))])
    assert (first.prompt, second.prompt) == (TextPrompt(("a",)), TextPrompt((1, 2)))
    assert (first.task, first.adapters) == (Task.EMBED, (Adapter("on", 0.5),))
