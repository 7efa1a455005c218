"""POST /v1/messages, Anthropic's API, made into the same conversation as a chat.

`cache_control` asks for nothing: all prompts are cached here. A budget for thoughts is a wish that models do not know;
whether to think at all is told to the template. The sampling fields of llama.cpp work here as everywhere.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from serve.chat.types import ChatMessage, Conversation, ResponseFormat
from serve.errors import NoThreadsError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.anthropic_blocks import Content, messages_of, text_of
from serve.wire.anthropic_tools import AnthropicToolFields
from serve.wire.body import Body
from serve.wire.chat import template_arguments
from serve.wire.common import MAX_TOKENS, Stop, TextFields
from serve.wire.form import ResponseFormatField
from serve.wire.merge import merged
from serve.wire.refuse import Neutral, refuse_what_is_not_served, shown

_NOT_SERVED: Neutral = {"compaction": (), "container": (), "mcp_servers": ([],)}
# Anthropic's own command line begins its system prompt with a line that is another for each request: nothing behind it
# could be found in the cache.
_BILLING = "x-anthropic-billing-header:"


class AnthropicMessage(Body):
    """One turn, or several at once: results of calls, and what the user says beside them."""

    role: Literal["user", "assistant", "system"]
    content: Content


class Thinking(Body):
    """Whether to think before the answer, and whether to tell it."""

    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: Annotated[int, Field(ge=0)] | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputConfig(Body):
    """What the answer must look like, and how hard to think about it."""

    format: ResponseFormatField | None = None
    effort: Annotated[str, Field(max_length=100)] | None = None


class MessagesFields(TextFields, AnthropicToolFields):
    """All that decides the prompt, which may be asked for alone."""

    messages: Annotated[list[AnthropicMessage], Field(min_length=1, max_length=100_000)]
    system: Content | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    thread: dict[str, Any] | None = None
    n: Literal[1] | None = None

    def conversation(self) -> Conversation:
        """The checked conversation. Without a word about it, the model thinks or not as in chats."""
        refuse_what_is_not_served(self, _NOT_SERVED)
        if self.thread is not None:  # its next request would bring only what is new
            raise NoThreadsError(
                f"thread is {shown(self.thread)}: this server stores no conversations; send all messages",
                param="thread",
            )
        tools = self.nested_tools()
        messages = self._messages()
        return Conversation(
            messages=messages,
            tools=tools.plain_tools(),
            tool_choice=tools.choice(),
            parallel=tools.parallel_tool_calls is not False,
            response_format=self.form(),
            template_kwargs_json=template_arguments(
                self.chat_template_kwargs,
                thinks=None if self.thinking is None else self.thinking.type != "disabled",
                effort=self.output_config.effort if self.output_config else None,
            ),
            continue_final=messages[-1].role == "assistant" and not messages[-1].tool_calls,
        )

    def _messages(self) -> tuple[ChatMessage, ...]:
        told: list[ChatMessage] = []
        if self.system:
            told.append(ChatMessage("system", _system(self.system)))
        for index, message in enumerate(self.messages):
            told += messages_of(message.role, message.content, f"messages.{index}.content")
        return merged(told)

    def _forms(self) -> list[tuple[str, ResponseFormat]]:
        found = super()._forms()
        if self.output_config is not None and self.output_config.format is not None:
            found.append(("output_config.format", self.output_config.format.response_format()))
        return found


class MessagesRequest(MessagesFields):
    """POST /v1/messages. With max_tokens 0, the prompt is only read, and in the cache from then on."""

    max_tokens: Annotated[int, Field(ge=0, le=MAX_TOKENS)]
    stop_sequences: Stop | None = None

    @property
    def hides_thoughts(self) -> bool:
        """Are they told without their text?"""
        return self.thinking is not None and self.thinking.display == "omitted"

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked request. The model's own stop strings belong to its chat form, so they always hold here."""
        common = self.common(entry)
        common["stop"] = (*common["stop"], *(text for text in self.stop_sequences or () if text), *entry.stop)
        return [GenerateRequest(prompt=self.conversation(), form=self.form(), **common)]


def _system(content: Content) -> str:
    texts = [content] if isinstance(content, str) else [text_of([block], "system") for block in content]
    return "\n\n".join(text for text in map(_without_billing, texts) if text)


def _without_billing(text: str) -> str:
    return text.partition("\n")[2] if text.startswith(_BILLING) else text
