"""What a template takes, found out by asking it: small conversations with marked words, and a look at what comes out.

Reading a template's source would be guessing: they are programs. Rendering a dozen lines costs a millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from serve.chat.template import ChatTemplate, Turn
from serve.engine.errors import RefusedError

_TOOL = {
    "type": "function",
    "function": {
        "name": "probe_tool",
        "description": "probe_description",
        "parameters": {"type": "object", "properties": {"probe_key": {"type": "string", "description": "a key"}}},
    },
}
_USER: Turn = {"role": "user", "content": "probe_user"}
_THINKING = re.compile(r"""message\.thinking|message\[['"]thinking['"]\]|['"]thinking['"] in message""")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a template takes. The defaults are those of one that knows nothing but roles and text."""

    system: bool = True  # a system message comes first
    tools: bool = False  # it describes tools, renders calls, and renders results
    object_arguments: bool = False  # a call's arguments are an object, not text
    parallel_calls: bool = False  # several calls in one turn
    null_content: bool = False  # a turn of calls has no content, rather than an empty one
    short_ids: bool = False  # ids of nine letters and digits
    typed_content: bool = False  # content is a list of parts, never text
    repeated_roles: bool = True  # two turns of one role may follow each other
    tools_never_none: bool = False  # no tools are an empty list
    thinking_key: str = "reasoning_content"  # what an earlier turn's thoughts are called


def probe(template: ChatTemplate) -> Capabilities:
    """Ask."""
    asked = _Asked(template)
    asked.no_tools = None if asked.shows([_USER], "probe_user") or asked.shows([_typed(_USER)], "probe_user") else []
    typed = not asked.shows([_USER], "probe_user") and asked.shows([_typed(_USER)], "probe_user")
    asked.typed = typed
    system = asked.shows([{"role": "system", "content": "probe_system"}, _USER], "probe_system")
    twice = asked.shows([_USER, {"role": "user", "content": "probe_second"}], "probe_second")
    key = "thinking" if _THINKING.search(template.source) else "reasoning_content"
    plain = Capabilities(
        system=system,
        typed_content=typed,
        repeated_roles=twice,
        tools_never_none=asked.no_tools is not None,
        thinking_key=key,
    )
    return _with_calls(asked, plain) if asked.shows([_USER], "probe_tool", tools=True) else plain


def _with_calls(asked: _Asked, plain: Capabilities) -> Capabilities:
    """The first way of writing calls that the template takes whole; `plain` when it takes none."""
    for short in (False, True):
        for null in (True, False):
            for as_object in (True, False):
                turns = _called(1, null=null, short=short, as_object=as_object)
                if asked.shows_call(turns, as_object=as_object, null=null):
                    two = _called(2, null=null, short=short, as_object=as_object)
                    return replace(
                        plain,
                        tools=True,
                        object_arguments=as_object,
                        parallel_calls=asked.shows(two, "probe_value1", "probe_result1", tools=True),
                        null_content=null,
                        short_ids=short,
                    )
    return plain


def _called(num_calls: int, *, null: bool, short: bool, as_object: bool) -> list[Turn]:
    ids = [f"probe{number:04}" if short else f"call_probe_{number}" for number in range(num_calls)]
    values: list[Any] = [{"probe_key": f"probe_value{number}"} for number in range(num_calls)]
    if not as_object:
        values = [f'{{"probe_key": "{value["probe_key"]}"}}' for value in values]
    calls = [
        {"id": call_id, "type": "function", "function": {"name": "probe_tool", "arguments": value}}
        for call_id, value in zip(ids, values, strict=True)
    ]
    results = [
        {"role": "tool", "tool_call_id": call_id, "name": "probe_tool", "content": f"probe_result{number}"}
        for number, call_id in enumerate(ids)
    ]
    return [_USER, {"role": "assistant", "content": None if null else "", "tool_calls": calls}, *results]


@dataclass
class _Asked:
    """A template, and whether it wants typed content."""

    template: ChatTemplate
    typed: bool = False
    no_tools: list[Any] | None = None

    def render(self, turns: Sequence[Turn], *, tools: bool) -> str:
        """Empty when the template refuses or fails."""
        shown = [_typed(turn) for turn in turns] if self.typed else list(turns)
        try:
            return self.template.render_turns(shown, tools=[_TOOL] if tools else self.no_tools)
        except RefusedError:
            return ""

    def shows(self, turns: Sequence[Turn], *words: str, tools: bool = False) -> bool:
        """Do all the words come out?"""
        text = self.render(turns, tools=tools)
        return all(word in text for word in words)

    def shows_call(self, turns: Sequence[Turn], *, as_object: bool, null: bool) -> bool:
        """Do a call and its result come out as JSON of the right kind, and no `None`?"""
        text = self.render(turns, tools=True)
        wrong = {"'probe_key'"} if as_object else {'\\"probe_key'}
        wrong |= {"None"} if null else set()
        return "probe_value0" in text and "probe_result0" in text and not any(word in text for word in wrong)


def _typed(turn: Turn) -> Turn:
    content = turn.get("content")
    return turn | {"content": [{"type": "text", "text": content}]} if isinstance(content, str) else turn
