"""Tools as OpenAI has them."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from serve.chat.types import Tool, ToolChoice, ToolMode
from serve.errors import InvalidRequestError
from serve.wire.body import Body

MAX_TOOLS = 128
Name = Annotated[str, Field(min_length=1, max_length=256)]


class Function(Body):
    """What the model may call."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolField(Body):
    """One entry of `tools`."""

    type: Literal["function"]
    function: Function

    def tool(self) -> Tool:
        """The same in our words."""
        function = self.function
        given: dict[str, Any] = {"strict": True} if function.strict else {}
        if function.parameters is not None:
            given["parameters_json"] = json.dumps(function.parameters)
        return Tool(function.name, function.description or "", **given)


class FunctionName(Body):
    """Which one."""

    name: Name


class NamedChoice(Body):
    """This one must be called."""

    type: Literal["function"]
    function: FunctionName


class AllowedTools(Body):
    """Of these some may, or one must, be called."""

    mode: Literal["auto", "required"]
    tools: Annotated[list[NamedChoice], Field(min_length=1, max_length=MAX_TOOLS)]


class AllowedChoice(Body):
    """OpenAI's newer way to leave some out."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedTools


class ToolFields(Body):
    """What a chat request says of tools."""

    tools: Annotated[list[ToolField], Field(max_length=MAX_TOOLS)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedChoice | AllowedChoice | None = None
    parallel_tool_calls: bool | None = None

    def plain_tools(self) -> tuple[Tool, ...]:
        """All of them, each name once."""
        tools = tuple(each.tool() for each in self.tools or ())
        names = [tool.name for tool in tools]
        for name in names:
            if names.count(name) > 1:
                raise InvalidRequestError(f"tools has the function {name!r} twice", param="tools")
        return tools

    def choice(self) -> ToolChoice:
        """Which calls are allowed."""
        asked = self.tool_choice
        if isinstance(asked, NamedChoice):
            return self._known(ToolChoice(ToolMode.REQUIRED, (asked.function.name,)))
        if isinstance(asked, AllowedChoice):
            names = tuple(each.function.name for each in asked.allowed_tools.tools)
            return self._known(ToolChoice(ToolMode(asked.allowed_tools.mode), names))
        if asked == "required" and not self.tools:
            raise InvalidRequestError("tool_choice is 'required': there are no tools to call", param="tool_choice")
        return ToolChoice(ToolMode.AUTO if asked is None else ToolMode(asked))

    def _known(self, choice: ToolChoice) -> ToolChoice:
        known = [each.function.name for each in self.tools or ()]
        for name in choice.names:
            if name not in known:
                told = ", ".join(known) or "none"
                raise InvalidRequestError(f"tool_choice is {name!r}: the tools are {told}", param="tool_choice")
        return choice
