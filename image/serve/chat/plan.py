"""Conversation -> ChatPlan: the prompt, what holds the answer to its form, and how to read it. Pure.

A Chat is one model's way of chatting; it is made once, when the model loads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serve.chat.constraints import Wanted, constrain
from serve.chat.formats import harmony
from serve.chat.formats.detect import Format, detect, must_show
from serve.chat.probe import Capabilities, probe
from serve.chat.template import ChatTemplate, Turn
from serve.chat.turns import native_turns, tools_of, worded_turns
from serve.chat.types import RESERVED, ChatMessage, ChatPlan, Conversation, Tool, ToolMode
from serve.engine.errors import RefusedError
from serve.engine.types import FailureKind

_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")  # what can stand in every format without being taken for its marks
THINKS = "enable_thinking"


@dataclass(frozen=True, slots=True)
class Chat:
    """One model's way of chatting. `defaults`: what its template is told where a request says nothing else."""

    template: ChatTemplate
    can: Capabilities
    format: Format
    show_special: bool
    defaults: Mapping[str, Any]


def make_chat(
    source: str,
    *,
    bos: str,
    eos: str,
    vocab_has: Callable[[str], bool],
    now: Callable[[], datetime],
    defaults: Mapping[str, Any] | None = None,
) -> Chat:
    """`vocab_has` asks whether a text is one token of the model. ValueError when the template is no Jinja."""
    template = ChatTemplate(source, bos=bos, eos=eos, now=now)
    can = probe(template)
    found = detect(source, describes_tools=can.tools)
    # Templates that ask whether to think mean yes, as in llama.cpp, where nobody says no.
    return Chat(template, can, found, must_show(found, vocab_has), {THINKS: True, **(defaults or {})})


def plan_chat(chat: Chat, conversation: Conversation) -> ChatPlan:
    """RefusedError when the conversation can't be had with this model, with the reason."""
    tools = _callable(conversation)
    prompt, opened = _prompt(chat, conversation)
    parallel = conversation.parallel and (chat.can.parallel_calls or chat.format.is_generic)
    must_call = conversation.tool_choice.mode is ToolMode.REQUIRED
    constraint = constrain(Wanted(chat.format, opened, conversation.response_format, tools, must_call, parallel))
    reads_marks = bool(tools) or chat.format.thoughts is not None or chat.format.is_harmony
    return ChatPlan(
        prompt,
        grammar=constraint.grammar,
        triggers=constraint.triggers,
        show_special=chat.show_special and reads_marks,
        format=chat.format.name,
        opened=opened,
    )


def _callable(conversation: Conversation) -> tuple[Tool, ...]:
    """The tools that may be called."""
    choice, known = conversation.tool_choice, {tool.name for tool in conversation.tools}
    if unknown := [name for name in choice.names if name not in known]:
        raise _bad(f"tool_choice names {unknown[0]!r}: the tools are {', '.join(sorted(known)) or 'none'}")
    if choice.mode is ToolMode.REQUIRED and not conversation.tools:
        raise _bad("tool_choice asks for a call: there are no tools")
    if len(known) < len(conversation.tools):
        raise _bad("two tools have the same name")
    for tool in conversation.tools:
        if not _NAME.fullmatch(tool.name):
            raise _bad(f"a tool is called {tool.name[:200]!r}: 1 to 128 letters, digits and _.:/- are allowed")
        _object(tool.parameters_json, f"the parameters of the tool {tool.name!r}")
    if choice.mode is ToolMode.NONE:
        return ()
    return tuple(tool for tool in conversation.tools if not choice.names or tool.name in choice.names)


def _prompt(chat: Chat, conversation: Conversation) -> tuple[str, str]:
    """The prompt, and what its end says of the answer already."""
    messages = conversation.messages
    begun = messages[-1] if conversation.continue_final and messages else None
    if begun is not None:
        if begun.role != "assistant" or begun.tool_calls:
            raise _bad("the last message is to be continued: it must be the assistant's, without calls")
        messages = messages[:-1]
    told = {**chat.defaults, **_kwargs(conversation.template_kwargs_json)}
    prompt = _render(chat, conversation, messages, told)
    thoughts = chat.format.thoughts
    opened = thoughts.start if thoughts is not None and prompt.rstrip().endswith(thoughts.start) else ""
    has_thoughts = begun is not None and begun.reasoning
    if thoughts is not None and opened and told[THINKS] is False and not has_thoughts:  # its template does not ask
        prompt, opened = prompt + thoughts.end, ""
    if begun is None:
        return prompt, opened
    beginning = _beginning(chat.format, begun, opened)
    return prompt + beginning, opened + beginning


def _render(chat: Chat, conversation: Conversation, messages: Sequence[ChatMessage], told: Mapping[str, Any]) -> str:
    with_tools = conversation.tools if conversation.tool_choice.mode is not ToolMode.NONE else ()
    has_calls = any(m.tool_calls or m.role == "tool" for m in messages)
    native = chat.can.tools and not chat.format.is_generic
    more = dict(told)
    turns: list[Turn]
    tools: list[dict[str, Any]] | None = [] if chat.can.tools_never_none else None
    if native or not (with_tools or has_calls):
        turns = native_turns(messages, chat.can)
        if with_tools:
            tools = tools_of(with_tools)
            more.setdefault("tool_choice", conversation.tool_choice.mode.value)
    else:
        wanted = conversation.tool_choice.mode is ToolMode.REQUIRED
        turns = worded_turns(messages, with_tools, chat.can, wanted=wanted)
    prompts = conversation.adds_prompt
    return chat.template.render_turns(turns, tools=tools, more=more, add_generation_prompt=prompts)


def _kwargs(text: str) -> dict[str, Any]:
    found = _object(text, "chat_template_kwargs")
    for name in RESERVED:
        if name in found:
            raise _bad(f"chat_template_kwargs sets {name!r}, which is the server's own")
    return found


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _bad(f"{what}: {error}") from error
    if not isinstance(found, dict):
        raise _bad(f"{what} must be an object")
    return found


def _beginning(form: Format, begun: ChatMessage, opened: str) -> str:
    """The answer so far, as the model would have written it."""
    content, thoughts = begun.content or "", begun.reasoning or ""
    if form.is_harmony:
        thought = f"{harmony.CHANNEL}analysis{harmony.MESSAGE}{thoughts}" if thoughts else ""
        if thought and not content:
            return thought
        before = f"{thought}{harmony.ENDS[0]}{harmony.START}assistant" if thought else ""
        return f"{before}{harmony.CHANNEL}final{harmony.MESSAGE}{content}"
    tags = form.thoughts
    if tags is None:
        return content
    if not opened:
        begun_thoughts = f"{tags.start}\n{thoughts}" if thoughts else ""
        return f"{begun_thoughts}\n{tags.end}\n\n{content}" if thoughts and content else begun_thoughts or content
    return f"{thoughts}\n{tags.end}\n\n{content}" if content else thoughts


def _bad(message: str) -> RefusedError:
    return RefusedError(FailureKind.BAD_PROMPT, message)
