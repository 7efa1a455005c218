"""How many tokens a conversation is, as the model would get it. Every API has its own words for the question."""

from __future__ import annotations

from serve.chat.types import Conversation
from serve.messages import Render, Rendered, Tokenize, Tokenized
from serve.services import Services


async def count_tokens(services: Services, model: str | None, conversation: Conversation) -> int:
    """Without computing anything. What the model wants at the beginning of a text counts."""
    rendered = await services.supervisor.ask(model, lambda id_: Render(id_, conversation))
    assert isinstance(rendered, Rendered)
    told = await services.supervisor.ask(
        model, lambda id_: Tokenize(id_, rendered.prompt, adds_special=True, parses_special=True)
    )
    assert isinstance(told, Tokenized)
    return len(told.tokens)
