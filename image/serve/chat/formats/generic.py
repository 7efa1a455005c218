"""Calls for models that were never taught any: we tell them the form in a system message.

    {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Bonn"}}]}

Models put it into a fence of Markdown now and then, or write the one call without its list.
"""

from __future__ import annotations

from collections.abc import Sequence

from serve.chat.call_form import CallForm, CallGrammar, objects, several
from serve.chat.calls import CallMachine, Calls
from serve.grammar.gbnf import Rules
from serve.grammar.json_text import space
from serve.grammar.nodes import seq

_FENCES = ("```json", "```")
_LIST = '{"tool_calls":['
_ENDS = "]} \t\r\n`"


class GenericParser(CallMachine):
    """Every `{` may begin calls, and so may a fence."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, self._content)

    def _content(self) -> bool:
        tag = self.content_until(*_FENCES, "{")
        if tag == "{":
            self.put_back(tag)
            self.state = self._object
        elif tag:
            self.state = self._fenced
        return bool(tag)

    def _fenced(self) -> bool:
        """Only an object right after the fence makes it one of ours."""
        is_clear = self.hold_space()
        if is_clear and self.text.startswith("{"):
            self.state = self._object
        elif is_clear:
            self.release()
            self.state = self._content
        return is_clear

    def _object(self) -> bool:
        """A list of calls, or one call; white space does not count."""
        squeezed = "".join(self.text.split())
        if _LIST.startswith(squeezed) and squeezed != _LIST and not self.ended:
            return False
        if squeezed.startswith(_LIST):
            self.hold(self.text.index("[") + 1)
        self.state = self._item
        return True

    def _item(self) -> bool:
        if is_clear := self.hold_space():
            self.begin_call(done=self._between, failed=self._content)
        return is_clear

    def _between(self) -> bool:
        """`,` before the next call; brackets and fences at the end."""
        self.skip_space()
        if self.text.startswith(","):
            self.hold(1)
            self.state = self._item
        else:
            self.text = self.text.lstrip(_ENDS)
            if self.text:
                self.state = self._content
        return bool(self.text) or bool(self.held)


_BEGINNINGS = ('{"tool_calls"', '{ "tool_calls"', '{\n  "tool_calls"', '{\n    "tool_calls"', '{\n\t"tool_calls"')


def form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """The list, from its key on."""
    gap = space(rules)
    one = objects(rules, tools, "arguments")
    after = seq(":", gap, "[", gap, several(one, seq(",", gap, one), parallel), gap, "]", gap, "}")
    return CallForm(_BEGINNINGS, after, seq(_BEGINNINGS[0], after))
