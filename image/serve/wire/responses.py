"""POST /v1/responses: OpenAI's newer way to ask, made into the same conversation as a chat.

Nothing is stored here: each request brings its whole conversation, and what refers to an earlier one is refused.
The sampling fields of llama.cpp and the fields for load (priority, queue_timeout) work here as everywhere.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from serve.chat.types import ChatMessage, Conversation, ResponseFormat
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.body import Body
from serve.wire.chat import MAX_TOP_LOGPROBS, template_arguments
from serve.wire.common import MaxTokens, TextFields
from serve.wire.flat_tools import FlatToolFields
from serve.wire.form import ResponseFormatField
from serve.wire.items import Item
from serve.wire.merge import merged
from serve.wire.refuse import Neutral, refuse_what_is_not_served

LOGPROBS = "message.output_text.logprobs"
_Key = Annotated[str, Field(max_length=64)]
_Value = Annotated[str, Field(max_length=512)]
_NOT_SERVED: Neutral = {
    "background": (False,),
    "conversation": (),
    "prompt": (),
    "context_management": ([],),
}


class FormatField(ResponseFormatField):
    """text.format: the schema is beside its name."""

    name: str | None = None
    description: str | None = None
    strict: bool | None = None

    def response_format(self) -> ResponseFormat:
        """The same in our words."""
        if self.type == "json_schema" and self.schema_ is None:
            raise InvalidRequestError("text.format.schema is missing", param="text.format.schema")
        return super().response_format()


class TextField(Body):
    """What the text must look like."""

    format: FormatField | None = None
    verbosity: Literal["low", "medium", "high"] | None = None  # told back only: models know no such thing


class ReasoningField(Body):
    """How much to think, and whether thoughts are told as a summary."""

    effort: Annotated[str, Field(max_length=100)] | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None  # its older name


class ResponsesFields(TextFields, FlatToolFields):
    """All that decides the prompt, which may be asked for alone."""

    input: str | Annotated[list[Item], Field(min_length=1, max_length=100_000)]
    instructions: str | None = None
    text: TextField | None = None
    reasoning: ReasoningField | None = None
    previous_response_id: str | None = None
    truncation: Literal["auto", "disabled"] | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    n: Literal[1] | None = None

    def conversation(self) -> Conversation:
        """The checked conversation."""
        if self.previous_response_id is not None:
            raise InvalidRequestError(
                f"previous_response_id is {self.previous_response_id[:80]!r}: this server stores no responses; "
                "send the whole conversation as input",
                param="previous_response_id",
            )
        refuse_what_is_not_served(self, _NOT_SERVED)
        tools = self.nested_tools()
        return Conversation(
            messages=self._messages(),
            tools=tools.plain_tools(),
            tool_choice=tools.choice(),
            parallel=self.parallel_tool_calls is not False,
            response_format=self.form(),
            template_kwargs_json=template_arguments(
                self.chat_template_kwargs, effort=self.reasoning.effort if self.reasoning else None
            ),
        )

    def _messages(self) -> tuple[ChatMessage, ...]:
        first = (ChatMessage("system", self.instructions),) if self.instructions else ()
        if isinstance(self.input, str):
            return (*first, ChatMessage("user", self.input))
        return merged((*first, *(item.plain(f"input.{index}.") for index, item in enumerate(self.input))))

    def _forms(self) -> list[tuple[str, ResponseFormat]]:
        found = super()._forms()
        if self.text is not None and self.text.format is not None:
            found.append(("text.format", self.text.format.response_format()))
        return found


class ResponsesRequest(ResponsesFields):
    """POST /v1/responses. `store` asks for what is not there: the answer says that it was not stored."""

    max_output_tokens: MaxTokens | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_TOP_LOGPROBS)] | None = None
    include: list[str] | None = None
    metadata: Annotated[dict[_Key, _Value], Field(max_length=16)] | None = None
    store: bool | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    max_tool_calls: int | None = None  # of tools that a server runs: there are none

    @property
    def summarizes(self) -> bool:
        """Are thoughts told as their summary?"""
        asked = self.reasoning
        return asked is not None and (asked.summary or asked.generate_summary) is not None

    def to_generate(self, entry: ModelEntry) -> list[GenerateRequest]:
        """The checked request. The model's own stop strings belong to its chat form, so they always hold here."""
        common = self.common(entry)
        common["max_tokens"] = self.max_output_tokens or common["max_tokens"]
        common["stop"] = (*common["stop"], *entry.stop)
        scored = self.top_logprobs is not None or LOGPROBS in (self.include or ())
        return [
            GenerateRequest(
                prompt=self.conversation(),
                num_logprobs=(self.top_logprobs or 0) if scored else None,
                form=self.form(),
                **common,
            )
        ]

    def settings(self, request: GenerateRequest) -> dict[str, Any]:
        """What is told back of the request, and what was made of it."""
        text, reasoning = self.text or TextField(), self.reasoning or ReasoningField()
        form = text.format.model_dump(by_alias=True, exclude_unset=True) if text.format else {"type": "text"}
        choice = self.tool_choice
        return {
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "max_tool_calls": self.max_tool_calls,
            "metadata": self.metadata or {},
            "parallel_tool_calls": self.parallel_tool_calls is not False,
            "prompt_cache_key": self.prompt_cache_key,
            "reasoning": {"effort": reasoning.effort, "summary": reasoning.summary or reasoning.generate_summary},
            "safety_identifier": self.safety_identifier,
            "temperature": request.sampling.temperature,
            "text": {"format": form, "verbosity": text.verbosity or "medium"},
            "tool_choice": choice.model_dump(exclude_unset=True) if isinstance(choice, BaseModel) else choice or "auto",
            "tools": [tool.model_dump() for tool in self.tools or ()],
            "top_logprobs": self.top_logprobs or 0,
            "top_p": request.sampling.top_p,
            "truncation": self.truncation or "disabled",
            "user": self.user,
        }
