"""Calls as bare JSON: Llama 3.1, 3.2 and 3.3.

    {"name": "get_weather", "parameters": {"city": "Bonn"}}

An object is a call only when it begins like one and names a tool.
"""

from __future__ import annotations

from collections.abc import Sequence

from serve.chat.call_form import CallForm, CallGrammar, objects, one_of_names
from serve.chat.calls import CallMachine, Calls
from serve.grammar.gbnf import Rules
from serve.grammar.json_text import space
from serve.grammar.nodes import Text, alt, optional, repeat, seq

PYTHON_TAG = "<|python_tag|>"


class Llama3Parser(CallMachine):
    """Every `{` may begin a call. Several stand one after another, with a semicolon or a line between."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, self._content)

    def _content(self) -> bool:
        tag = self.content_until(PYTHON_TAG, "{")
        if tag == "{":
            self.put_back(tag)
            self.begin_call(done=self._between, failed=self._content)
        elif tag:
            self.state = self._tagged
        return bool(tag)

    def _tagged(self) -> bool:
        if is_clear := self.hold_space():
            self.begin_call(done=self._between, failed=self._content)
        return is_clear

    def _between(self) -> bool:
        self.text = self.text.lstrip(" \t\r\n;,")
        if self.text:
            self.state = self._content
        return bool(self.text)


_BEGINNINGS = ('{"name": "', '{"name":"', '{"type": "function", "name": "')


def form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """An object that begins with a name may still be any other: only a tool's name binds it."""
    gap = space(rules)
    one = objects(rules, tools, "parameters")
    more = repeat(seq(alt([Text("; "), Text("\n")]), one), 0, None) if parallel else seq()
    rest = {tool.name: seq(",", gap, '"parameters":', gap, tool.arguments, gap, "}", more) for tool in tools}
    return CallForm(_BEGINNINGS, one_of_names(rules, rest), seq(optional(Text(PYTHON_TAG)), one, more))
