"""Tools as OpenAI's responses have them: the same as in chats, without the object around them.

The tools that OpenAI's own servers run (web search, files, computers, MCP) are refused: nobody here would run them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from serve.errors import InvalidRequestError
from serve.wire.body import Body
from serve.wire.tools import (
    MAX_TOOLS,
    AllowedChoice,
    AllowedTools,
    Function,
    FunctionName,
    Name,
    NamedChoice,
    ToolField,
    ToolFields,
)


class FlatTool(Body):
    """One entry of `tools`."""

    type: str
    name: Name | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None

    def nested(self, where: str) -> ToolField:
        """As chats have it."""
        name = _function(self.type, self.name, where)
        return ToolField(
            type="function",
            function=Function(name=name, description=self.description, parameters=self.parameters, strict=self.strict),
        )


class FlatName(Body):
    """One tool, by its name."""

    type: str
    name: Name | None = None

    def nested(self, where: str) -> NamedChoice:
        """As chats have it."""
        return NamedChoice(type="function", function=FunctionName(name=_function(self.type, self.name, where)))


class FlatChoice(FlatName):
    """This one must be called; with type `allowed_tools`, of these some may, or one must, be called."""

    mode: Literal["auto", "required"] = "auto"
    tools: Annotated[list[FlatName], Field(min_length=1, max_length=MAX_TOOLS)] | None = None

    def choice(self) -> NamedChoice | AllowedChoice:
        """As chats have it."""
        if self.type != "allowed_tools":
            return self.nested("tool_choice")
        tools = [tool.nested(f"tool_choice.tools.{index}") for index, tool in enumerate(self.tools or ())]
        if not tools:
            raise InvalidRequestError("tool_choice.tools is missing: it names the tools", param="tool_choice.tools")
        return AllowedChoice(type="allowed_tools", allowed_tools=AllowedTools(mode=self.mode, tools=tools))


class FlatToolFields(Body):
    """What a request says of tools."""

    tools: Annotated[list[FlatTool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | FlatChoice | None = None
    parallel_tool_calls: bool | None = None

    def nested_tools(self) -> ToolFields:
        """As chats have them."""
        choice = self.tool_choice
        return ToolFields(
            tools=[tool.nested(f"tools.{index}") for index, tool in enumerate(self.tools or ())],
            tool_choice=choice.choice() if isinstance(choice, FlatChoice) else choice,
            parallel_tool_calls=self.parallel_tool_calls,
        )


def _function(kind: str, name: str | None, where: str) -> str:
    if kind != "function":
        raise InvalidRequestError(
            f"{where}.type is {kind!r}: this server runs no tools of its own, so 'function' is allowed",
            param=f"{where}.type",
        )
    if name is None:
        raise InvalidRequestError(f"{where}.name is missing", param=f"{where}.name")
    return name
