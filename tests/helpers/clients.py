"""The official clients of other companies' APIs, strict, and what the tests of them ask for.

Strict validation makes a client refuse what its types do not allow, instead of passing it on.
"""

from __future__ import annotations

from typing import Annotated, Any

import anthropic
import openai
from pydantic import BaseModel, Field

from tests.helpers.running_server import RunningServer

GOES_ON: Any = {"ignore_eos": True}
"""A model of chance would end its answer at any token."""
GREEDY: Any = {"temperature": 0, "ignore_eos": True}
"""Newer versions of Anthropic's client do not know sampling any more; the API and this server do."""
HELLO: Any = [{"role": "user", "content": "Hello there"}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "integer", "minimum": 0, "maximum": 99}},
    "required": ["a"],
    "additionalProperties": False,
}
THINKS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}"
)
"""A template that opens the thoughts: a model of chance never ends them."""


class Number(BaseModel):
    """What an answer is to be."""

    a: Annotated[int, Field(ge=0, le=99)]


def openai_client(server: RunningServer) -> openai.OpenAI:
    """OpenAI's, that tries once."""
    url = f"{server.url}/v1"
    return openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=30, _strict_response_validation=True)


def anthropic_client(server: RunningServer) -> anthropic.Anthropic:
    """Anthropic's, that tries once."""
    return anthropic.Anthropic(
        base_url=server.url, api_key="none", max_retries=0, timeout=30, _strict_response_validation=True
    )
