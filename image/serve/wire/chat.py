"""POST /v1/chat/completions."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from serve.chat.types import Conversation, ReasoningFormat
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.common import MaxTokens, TextFields
from serve.wire.messages import Message
from serve.wire.tools import ToolFields

MAX_TOP_LOGPROBS = 20


def template_arguments(given: dict[str, Any] | None, *, thinks: bool | None = None, effort: str | None = None) -> str:
    """What a template is told beside the messages, as JSON. `given` by the client, which wins.

    `thinks` None: nobody said whether. OpenAI's way to say no is an effort of `none`; any other one is a yes.
    """
    more: dict[str, Any] = {}
    if thinks is not None or effort is not None:
        more["enable_thinking"] = thinks is not False and effort != "none"
    if effort not in (None, "none"):
        more["reasoning_effort"] = effort
    return json.dumps(more | (given or {}))


class ConversationFields(TextFields, ToolFields):
    """All that decides the prompt of a chat."""

    messages: Annotated[list[Message], Field(min_length=1)]
    chat_template_kwargs: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    add_generation_prompt: bool | None = None
    continue_final_message: bool | None = None

    def conversation(self) -> Conversation:
        """The checked conversation."""
        continues = self._continues()
        return Conversation(
            messages=tuple(message.plain(f"messages.{index}.") for index, message in enumerate(self.messages)),
            tools=self.plain_tools(),
            tool_choice=self.choice(),
            parallel=self.parallel_tool_calls is not False,
            response_format=self.form(),
            template_kwargs_json=template_arguments(self.chat_template_kwargs, effort=self.reasoning_effort),
            continue_final=continues,
            adds_prompt=continues or self.add_generation_prompt is not False,
        )

    def _continues(self) -> bool:
        """Is the last message the beginning of the answer? As in llama.cpp: the assistant's, unless it is said."""
        ends = [message.role == "assistant" and not message.tool_calls for message in self.messages[-2:]]
        if self.continue_final_message:
            if self.add_generation_prompt:
                raise InvalidRequestError(
                    "continue_final_message and add_generation_prompt are both true: the answer goes on with "
                    "the last message or begins a new one",
                    param="continue_final_message",
                )
            if not ends[-1]:
                raise InvalidRequestError(
                    "continue_final_message is true: the last message must be the assistant's, without tool calls",
                    param="continue_final_message",
                )
        if self.continue_final_message is False or self.add_generation_prompt or not ends[-1]:
            return False
        if len(ends) > 1 and all(ends):
            raise InvalidRequestError(
                "messages ends with two of the assistant: it can go on with the last one only", param="messages"
            )
        return True


class ChatRequest(ConversationFields):
    """POST /v1/chat/completions."""

    max_completion_tokens: MaxTokens | None = None  # OpenAI's newer name for max_tokens
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_TOP_LOGPROBS)] | None = None
    reasoning_format: Literal["auto", "none", "deepseek", "deepseek-legacy"] | None = None

    @property
    def reasoning(self) -> ReasoningFormat:
        """Where thoughts go."""
        return ReasoningFormat.NONE if self.reasoning_format == "none" else ReasoningFormat.AUTO

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked request. The model's own stop strings belong to its chat form, so they always hold here."""
        common = self.common(entry)
        common["max_tokens"] = self.max_completion_tokens or common["max_tokens"]
        common["stop"] = (*common["stop"], *entry.stop)
        if self.top_logprobs and not self.logprobs:
            raise InvalidRequestError(
                f"top_logprobs is {self.top_logprobs}: it needs logprobs to be true", param="top_logprobs"
            )
        num_logprobs = (self.top_logprobs or 0) if self.logprobs else None
        return [
            GenerateRequest(
                prompt=self.conversation(),
                num_logprobs=num_logprobs,
                echoes=bool(self.verbose),
                form=self.form(),
                **common,
            )
        ]
