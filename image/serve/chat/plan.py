"""Conversation -> ChatPlan: the prompt, what holds the answer to its form, and how to read it. Pure.

A Chat is one model's way of chatting; it is made once, when the model loads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from serve.chat.template import ChatTemplate
from serve.chat.types import ChatPlan, Conversation


@dataclass(frozen=True, slots=True)
class Chat:
    """One model's way of chatting."""

    template: ChatTemplate


def make_chat(
    source: str, *, bos: str, eos: str, vocab_has: Callable[[str], bool], now: Callable[[], datetime]
) -> Chat:
    """`vocab_has` asks whether a text is one token of the model. ValueError when the template is no Jinja."""
    del vocab_has
    return Chat(ChatTemplate(source, bos=bos, eos=eos, now=now))


def plan_chat(chat: Chat, conversation: Conversation) -> ChatPlan:
    """RefusedError when the conversation can't be had with this model, with the reason."""
    return ChatPlan(chat.template.render(conversation.messages))
