"""Messages and tools as Ollama has them, in the form of OpenAI's."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from serve.wire.body import Body
from serve.wire.messages import CalledFunction, Message, ToolCallField
from serve.wire.refuse import Neutral, refuse_what_is_not_served
from serve.wire.tools import ToolField

_NOT_SERVED: Neutral = {"images": ([],), "audio": ([],)}


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Role = Annotated[Literal["system", "developer", "user", "assistant", "tool"], BeforeValidator(_lower)]


class Called(Body):
    """What was called. Ollama has arguments as an object; text is taken as it is."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    arguments: dict[str, Any] | str | None = None


class Call(Body):
    """A call that the assistant made. Older clients know no ids."""

    id: str = ""
    function: Called

    def field(self, else_id: str) -> ToolCallField:
        """The same in OpenAI's words."""
        given = self.function.arguments
        arguments = given if isinstance(given, str) else json.dumps(given or {})
        return ToolCallField(
            id=self.id or else_id, function=CalledFunction(name=self.function.name, arguments=arguments)
        )


class Turn(Body):
    """One message."""

    model_config = ConfigDict(extra="allow")

    role: Role
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[Call] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class OllamaTool(ToolField):
    """As OpenAI's, and `type` may be left out."""

    type: Literal["function"] = "function"


def to_messages(turns: list[Turn]) -> list[Message]:
    """A result without an id is of the first call of its tool that has none yet; without a name, of the first one."""
    messages: list[Message] = []
    waiting: list[tuple[str, str]] = []  # calls without a result: id, name
    for index, turn in enumerate(turns):
        refuse_what_is_not_served(turn, _NOT_SERVED, f"messages.{index}.")
        calls = [call.field(f"call_{index}_{number}") for number, call in enumerate(turn.tool_calls or ())]
        waiting += [(call.id, call.function.name) for call in calls]
        messages.append(
            Message(
                role=turn.role,
                content=turn.content or "",
                name=turn.tool_name or None,
                tool_calls=calls or None,
                tool_call_id=_claimed(waiting, turn) if turn.role == "tool" else None,
                reasoning_content=turn.thinking or None,
            )
        )
    return messages


def _claimed(waiting: list[tuple[str, str]], result: Turn) -> str | None:
    found = next(
        (
            call
            for call in waiting
            if (result.tool_call_id in (None, "", call[0])) and (not result.tool_name or result.tool_name == call[1])
        ),
        None,
    )
    if found is not None:
        waiting.remove(found)
        return found[0]
    return result.tool_call_id or (waiting.pop(0)[0] if waiting else None)
