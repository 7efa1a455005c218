"""Tests of serve.wire.prompts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from serve.errors import InvalidRequestError
from serve.messages import TextPrompt
from serve.wire.prompts import Prompts, is_list_of_prompts, read_prompts

FIELD: TypeAdapter[Prompts] = TypeAdapter(Prompts)


@pytest.mark.parametrize(
    ("given", "prompts"),
    [
        ("a", [("a",)]),
        ("", [("",)]),
        ([1, 2], [(1, 2)]),
        ([1, "a", 2], [(1, "a", 2)]),
        (["a", 1], [("a", 1)]),
        (["a"], [("a",)]),
        (["a", "b"], [("a",), ("b",)]),
        (["a", [1, 2]], [("a",), (1, 2)]),
        ([[1, 2], [3, "a"]], [(1, 2), (3, "a")]),
        ({"prompt_string": "a"}, [("a",)]),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, [("ab",)]),
        (["a", {"prompt_string": "b"}], [("a",), ("b",)]),
    ],
)
def test_prompts_are_texts_and_tokens_one_or_several(given: Any, prompts: list[tuple[str | int, ...]]) -> None:
    """A list with a bare number in it is one prompt, as in llama.cpp; any other list is several."""
    found = FIELD.validate_python(given)
    assert read_prompts(found) == [TextPrompt(parts) for parts in prompts]
    assert is_list_of_prompts(found) == (isinstance(given, list) and not any(isinstance(i, int) for i in given))


@pytest.mark.parametrize(
    "given",
    [
        [],
        [[]],
        {"content": [{"type": "image_url", "image_url": {}}]},
        {"content": [{"type": "text"}]},
        {},
        {"prompt_string": "a", "multimodal_data": ["x"]},
        [1, {"prompt_string": "a"}],
        ["a"] * 3000,
    ],
)
def test_what_is_no_prompt_is_refused(given: Any) -> None:
    """With the field's name."""
    with pytest.raises(InvalidRequestError, match=r"^prompt"):
        read_prompts(FIELD.validate_python(given))


@pytest.mark.parametrize("given", [None, 5, True, [1.5], [-1], [True], [2**31], {"content": "a"}, {"content": []}])
def test_what_has_another_shape_is_refused(given: Any) -> None:
    """Before anything else sees it."""
    with pytest.raises(ValidationError):
        FIELD.validate_python(given)
