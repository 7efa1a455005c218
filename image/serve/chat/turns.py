"""Messages -> turns in the form that a template takes, by its capabilities. Pure.

What a template does not know is told in words that it knows: a system message becomes the beginning of the first user
message, calls and results become text, parallel calls become calls one after another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from serve.chat.calls import short_id
from serve.chat.probe import Capabilities
from serve.chat.template import Turn
from serve.chat.types import ChatMessage, Tool, ToolCall

_GAP = "\n\n"


def tools_of(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Tools as templates know them: as OpenAI's API has them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": json.loads(tool.parameters_json),
            },
        }
        for tool in tools
    ]


def native_turns(messages: Iterable[ChatMessage], can: Capabilities) -> list[Turn]:
    """For a template that knows calls, or a conversation without any."""
    split = list(messages) if can.parallel_calls else _one_call_each(list(messages))
    return _finished([_turn(message, can) for message in split], can)


def worded_turns(
    messages: Iterable[ChatMessage], tools: Sequence[Tool], can: Capabilities, *, wanted: bool
) -> list[Turn]:
    """For a template that does not: the tools are described, calls and results are JSON in text. `wanted`: call one."""
    told = list(messages)
    names: dict[str | None, str] = {call.id: call.name for message in told for call in message.tool_calls}
    turns = [{"role": "system", "content": _described(tools, wanted=wanted)}] if tools else []
    return _finished(turns + [_turn(_worded(message, names), can) for message in told], can)


def _turn(message: ChatMessage, can: Capabilities) -> Turn:
    turn: Turn = {"role": "system" if message.role == "developer" else message.role, "content": message.content or ""}
    if message.name is not None:
        turn["name"] = message.name
    if message.role == "tool" and message.tool_call_id is not None:
        turn["tool_call_id"] = _id(message.tool_call_id, can)
    if message.reasoning:
        turn[can.thinking_key] = message.reasoning
    if message.tool_calls:
        turn["tool_calls"] = [_call(call, can) for call in message.tool_calls]
        if not message.content and can.null_content:
            turn["content"] = None
    if can.thinking_key == "thinking" and message.tool_calls and message.reasoning and message.content:
        turn |= {"content": "", "thinking": f"{message.reasoning}\n{message.content}"}  # gpt-oss takes only one of them
    return turn


def _call(call: ToolCall, can: Capabilities) -> dict[str, Any]:
    arguments: Any = call.arguments_json
    if can.object_arguments:
        try:
            arguments = json.loads(call.arguments_json)
        except ValueError:
            arguments = (
                {"arguments": call.arguments_json} if call.arguments_json else {}
            )  # a model's mistake, told back
    return {"id": _id(call.id, can), "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _id(text: str, can: Capabilities) -> str:
    return short_id(text) if can.short_ids and not (len(text) == 9 and text.isalnum()) else text


def _one_call_each(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Calls made at once, as if they had been made in turn: each is followed by its own result."""
    results = {m.tool_call_id: m for m in messages if m.role == "tool"}
    split: list[ChatMessage] = []
    moved: set[str] = set()
    for message in messages:
        if message.role == "tool" and message.tool_call_id in moved:
            continue
        if len(message.tool_calls) < 2:
            split.append(message)
            continue
        for index, call in enumerate(message.tool_calls):
            first = index == 0
            split.append(
                ChatMessage(
                    "assistant",
                    message.content if first else None,
                    tool_calls=(call,),
                    reasoning=message.reasoning if first else None,
                )
            )
            if call.id in results and call.id not in moved:
                split.append(results[call.id])
                moved.add(call.id)
    return split


def _worded(message: ChatMessage, names: Mapping[str | None, str]) -> ChatMessage:
    """A call as the model is told to write it; a result as words of the user's."""
    if message.role == "tool":
        called = message.name or names.get(message.tool_call_id) or message.tool_call_id
        label = f"Result of {called}" if called else "Result"
        return ChatMessage("user", f"{label}:\n{message.content or ''}")
    if not message.tool_calls:
        return message
    calls = [{"name": call.name, "arguments": _loaded(call.arguments_json)} for call in message.tool_calls]
    written = json.dumps({"tool_calls": calls}, ensure_ascii=False)
    return ChatMessage(message.role, _GAP.join(part for part in (message.content, written) if part))


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _described(tools: Sequence[Tool], *, wanted: bool) -> str:
    functions = [tool["function"] for tool in tools_of(tools)]
    lines = "\n".join(json.dumps(function, ensure_ascii=False) for function in functions)
    when = "Call at least one of them" if wanted else "To call some of them"
    otherwise = "" if wanted else " If none of them helps, answer in plain text."
    return (
        f"You can call these functions:\n{lines}\n\n{when}: answer with nothing but JSON of this form:\n"
        '{"tool_calls": [{"name": "<name>", "arguments": {<arguments>}}]}\n'
        f"You will get the results in the next message.{otherwise}"
    )


def _finished(turns: list[Turn], can: Capabilities) -> list[Turn]:
    """Roles in an order that the template takes, and content of the kind that it wants."""
    merged = _merged(turns, {"system"})  # a second system message at the beginning
    if not can.system:
        merged = _merged(_without_system(merged), {"user"})
    if not can.repeated_roles:
        merged = _merged(merged, {"user", "assistant"})
    return [_typed(turn) for turn in merged] if can.typed_content else merged


def _merged(turns: Iterable[Turn], roles: set[str]) -> list[Turn]:
    """Neighbours of one of these roles as one turn; turns that carry more than text stay."""
    result: list[Turn] = []
    for turn in turns:
        last = result[-1] if result else None
        if last and last["role"] == turn["role"] in roles and last.keys() == turn.keys() == {"role", "content"}:
            result[-1] = last | {"content": _GAP.join(part for part in (last["content"], turn["content"]) if part)}
        else:
            result.append(turn)
    return result


def _without_system(turns: Iterable[Turn]) -> list[Turn]:
    return [turn | {"role": "user"} if turn["role"] == "system" else turn for turn in turns]


def _typed(turn: Turn) -> Turn:
    return turn | {"content": [{"type": "text", "text": turn["content"]}]} if turn["content"] is not None else turn
