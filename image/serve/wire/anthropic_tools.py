"""Tools as Anthropic has them. Those that its own servers run, or know by name, are refused: nobody here knows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from serve.errors import InvalidRequestError
from serve.wire.body import Body, Flag
from serve.wire.tools import MAX_TOOLS, Function, FunctionName, Name, NamedChoice, ToolField, ToolFields


class AnthropicTool(Body):
    """One entry of `tools`."""

    type: str | None = None
    name: Name | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None

    def nested(self, where: str) -> ToolField:
        """As chats have it."""
        if self.type not in (None, "custom"):
            raise InvalidRequestError(
                f"{where}.type is {self.type!r}: this server runs no tools of its own, so 'custom' is allowed",
                param=f"{where}.type",
            )
        if self.name is None:
            raise InvalidRequestError(f"{where}.name is missing", param=f"{where}.name")
        if self.input_schema is None:
            raise InvalidRequestError(f"{where}.input_schema is missing", param=f"{where}.input_schema")
        function = Function(
            name=self.name, description=self.description, parameters=self.input_schema, strict=self.strict
        )
        return ToolField(type="function", function=function)


class AnthropicChoice(Body):
    """Which calls are allowed."""

    type: Literal["auto", "any", "tool", "none"]
    name: Name | None = None
    disable_parallel_tool_use: Flag = False

    def nested(self) -> Literal["auto", "required", "none"] | NamedChoice:
        """As chats have it."""
        if self.type == "tool":
            if self.name is None:
                raise InvalidRequestError("tool_choice.name is missing: it names the tool", param="tool_choice.name")
            return NamedChoice(type="function", function=FunctionName(name=self.name))
        return "required" if self.type == "any" else self.type


class AnthropicToolFields(Body):
    """What a request says of tools."""

    tools: Annotated[list[AnthropicTool], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: AnthropicChoice | None = None

    def nested_tools(self) -> ToolFields:
        """As chats have them."""
        choice = self.tool_choice
        return ToolFields(
            tools=[tool.nested(f"tools.{index}") for index, tool in enumerate(self.tools or ())],
            tool_choice=None if choice is None else choice.nested(),
            parallel_tool_calls=None if choice is None else not choice.disable_parallel_tool_use,
        )
