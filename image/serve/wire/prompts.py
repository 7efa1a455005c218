"""Prompts of text and tokens: one or several, as OpenAI and llama.cpp write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field

from serve.errors import InvalidRequestError
from serve.messages import TextPrompt
from serve.wire.body import Body, having

MAX_PROMPTS = 2048
Token = Annotated[int, Field(ge=0, lt=2**31, strict=True)]
Mixed = Annotated[list[Token | Annotated[str, Field(strict=True)]], Field(max_length=4_194_304)]


class PromptPart(Body):
    """A part of content, as in chat."""

    type: str
    text: str | None = None


class PromptObject(Body):
    """llama.cpp's way to wrap a prompt, made for pictures."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"anyOf": [having("prompt_string", type="string"), having("content", type="array")]},
    )

    prompt_string: str | None = None
    content: Annotated[list[PromptPart], Field(min_length=1)] | None = None


Prompts = str | PromptObject | Annotated[list[Token | str | Mixed | PromptObject], Field(max_length=4_194_304)]


def read_prompts(given: Prompts, field: str = "prompt") -> list[TextPrompt]:
    """One prompt for a text or a list with tokens in it, one per item for other lists."""
    if not isinstance(given, list):
        return [_one(given, field)]
    # As in llama.cpp: a list that has a bare number in it is one prompt of texts and tokens.
    if any(isinstance(item, int) for item in given):
        return [_mixed(given, field)]
    if not 1 <= len(given) <= MAX_PROMPTS:
        raise InvalidRequestError(f"{field} has {len(given)} items: 1 to {MAX_PROMPTS} are allowed", param=field)
    return [
        _mixed(item, f"{field}.{index}") if isinstance(item, list) else _one(item, f"{field}.{index}")
        for index, item in enumerate(given)
    ]


def is_list_of_prompts(given: Prompts) -> bool:
    """Does the client expect a list back?"""
    return isinstance(given, list) and not any(isinstance(item, int) for item in given)


def _mixed(items: Sequence[object], field: str) -> TextPrompt:
    parts = tuple(item for item in items if isinstance(item, str | int))
    if len(parts) != len(items):
        raise InvalidRequestError(f"{field} mixes tokens with something else than text", param=field)
    if not parts:
        raise InvalidRequestError(f"{field} is empty", param=field)
    return TextPrompt(parts)


def _one(given: object, field: str) -> TextPrompt:
    if isinstance(given, str):
        return TextPrompt((given,))
    assert isinstance(given, PromptObject)
    if (given.model_extra or {}).get("multimodal_data"):
        raise InvalidRequestError(f"{field}.multimodal_data: this server takes text only", param=field)
    if given.prompt_string is not None:
        return TextPrompt((given.prompt_string,))
    for part in given.content or ():
        if part.type != "text" or part.text is None:
            raise InvalidRequestError(f"{field}.content has a part of type {part.type!r}: text is allowed", param=field)
    if given.content is None:
        raise InvalidRequestError(f"{field} is an object: it needs prompt_string or content", param=field)
    return TextPrompt(("".join(part.text or "" for part in given.content),))
