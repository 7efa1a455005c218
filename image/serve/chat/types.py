"""The words of chat: what a client says (Conversation), what the model gets (ChatPlan), what comes back (Piece).

Plain values only. What crosses to a worker is made of strings, numbers, tuples, enums and dataclasses, as ipc.py wants
it: JSON of any shape (schemas, arguments, template arguments) travels as text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the assistant made earlier. `arguments_json` is what the client sent: JSON text, one hopes."""

    id: str
    name: str
    arguments_json: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One turn of a conversation."""

    role: str
    content: str | None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. `parameters_json` is its JSON schema."""

    name: str
    description: str = ""
    parameters_json: str = '{"type": "object", "properties": {}}'
    strict: bool = False


class ToolMode(StrEnum):
    """What the client wants of tools."""

    NONE = "none"
    AUTO = "auto"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which calls are allowed. `names` empty means: any tool. One name with REQUIRED is OpenAI's named function."""

    mode: ToolMode = ToolMode.AUTO
    names: tuple[str, ...] = ()


RESERVED = ("messages", "tools", "add_generation_prompt", "bos_token", "eos_token")
"""Variables of a template that are the server's own: nobody else sets them."""


class FormKind(StrEnum):
    """What the answer must look like."""

    TEXT = "text"
    JSON = "json"  # any object
    SCHEMA = "schema"
    GRAMMAR = "grammar"
    REGEX = "regex"


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """What the answer must look like. `source` is the JSON schema, the GBNF or the regular expression."""

    kind: FormKind = FormKind.TEXT
    source: str = ""


class ReasoningFormat(StrEnum):
    """Where thoughts go: into their own field, or as they are into the content."""

    AUTO = "auto"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that decides a prompt and the form of its answer."""

    messages: tuple[ChatMessage, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = field(default_factory=ToolChoice)
    parallel: bool = True
    response_format: ResponseFormat = field(default_factory=ResponseFormat)
    template_kwargs_json: str = "{}"  # chat_template_kwargs: enable_thinking, reasoning_effort, ...
    continue_final: bool = False  # the last message is the beginning of the answer
    adds_prompt: bool = True  # what the template writes before an answer


@dataclass(frozen=True, slots=True)
class ChatPlan:
    """How one answer is made. All but the last two is for the engine; they are for make_parser."""

    prompt: str
    grammar: str | None = None
    triggers: tuple[str, ...] = ()  # literal texts; the grammar rules what follows the first of them; () = everything
    stop: tuple[str, ...] = ()
    show_special: bool = False  # control tokens must come as text, as the parser lives on them
    format: str = "plain"
    opened: str = ""  # what the prompt's end already says of the answer, such as "<think>"


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the thoughts before it."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """A call begins; its arguments follow."""

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolArguments:
    """A piece of a call's arguments; all of them together are JSON."""

    index: int
    text: str


Piece = Content | Reasoning | ToolCallStart | ToolArguments
