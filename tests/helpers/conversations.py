"""A table of conversations, from one word to tools, that every template is tried with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from serve.chat.plan import Chat, make_chat
from serve.chat.types import ChatMessage, Conversation, Tool, ToolCall, ToolChoice, ToolMode

TEMPLATES = Path(__file__).parents[1] / "fixtures" / "templates"
NAMES = sorted(path.stem for path in TEMPLATES.glob("*.jinja"))

WEATHER = Tool(
    "get_weather",
    "The weather of a city",
    '{"type": "object", "properties": {"city": {"type": "string", "description": "its name"}, '
    '"days": {"type": "integer"}, "unit": {"type": "string", "enum": ["C", "F"]}}, "required": ["city"]}',
)
TIME = Tool("get_time", "The time é <now>")
TOOLS = (WEATHER, TIME)
WEATHER_CALL = ToolCall("call_1", "get_weather", '{"city": "Bonn", "days": 2}')
TIME_CALL = ToolCall("call_2", "get_time", "{}")
WEATHER_RESULT = ChatMessage("tool", '{"sky": "blue"}', tool_call_id="call_1", name="get_weather")
TIME_RESULT = ChatMessage("tool", "12:00", tool_call_id="call_2", name="get_time")
SYSTEM = ChatMessage("system", "Be brief.")


def user(text: str) -> ChatMessage:
    """The user says it."""
    return ChatMessage("user", text)


def assistant(text: str | None, *calls: ToolCall, reasoning: str | None = None) -> ChatMessage:
    """The assistant said it."""
    return ChatMessage("assistant", text, tool_calls=calls, reasoning=reasoning)


CALLED = (user("Weather?"), assistant(None, WEATHER_CALL), WEATHER_RESULT)
CONVERSATIONS = {
    "one word": Conversation((user("Hi"),)),
    "a system message": Conversation((SYSTEM, user("Hi"))),
    "several turns": Conversation((SYSTEM, user("Hi"), assistant("Hello."), user("And?\nTwo lines "))),
    "two users": Conversation((user("a"), user("b"))),
    "any characters": Conversation((user("äöü 日本 <b>&\"'"),)),
    "tools": Conversation((SYSTEM, user("Weather?")), TOOLS),
    "a call and its result": Conversation(CALLED, TOOLS),
    "after a result": Conversation((SYSTEM, *CALLED, assistant("Blue."), user("Thanks")), TOOLS),
    "calls at once": Conversation(
        (user("Both?"), assistant("I look.", WEATHER_CALL, TIME_CALL), WEATHER_RESULT, TIME_RESULT), TOOLS
    ),
    "a call, and no tools any more": Conversation(CALLED),
    "thoughts": Conversation((user("Hi"), assistant("Hello.", reasoning="They greet."), user("Again"))),
    "thoughts before a call": Conversation(
        (user("Weather?"), assistant(None, WEATHER_CALL, reasoning="I need it."), WEATHER_RESULT), TOOLS
    ),
    "no thinking": Conversation((user("Hi"),), template_kwargs_json='{"enable_thinking": false}'),
    "much thinking": Conversation((user("Hi"),), template_kwargs_json='{"reasoning_effort": "high"}'),
    "tools not to be called": Conversation((user("Hi"),), TOOLS, ToolChoice(ToolMode.NONE)),
    "an answer begun": Conversation((user("Hi"), assistant("Hel")), continue_final=True),
}


def chat(name: str) -> Chat:
    """The chat of a template on a fixed day, for a model whose marks are tokens."""
    source = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    day = datetime(2026, 1, 2, tzinfo=UTC)
    return make_chat(source, bos="<s>", eos="</s>", vocab_has=lambda _: True, now=lambda: day)
