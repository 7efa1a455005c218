"""Calls between tags: Hermes, Qwen 2.5 and 3, and many after them.

<tool_call>
{"name": "get_weather", "arguments": {"city": "Bonn"}}
</tool_call>
"""

from __future__ import annotations

from collections.abc import Sequence

from serve.chat.call_form import CallForm, CallGrammar, objects, several
from serve.chat.calls import CallMachine, Calls
from serve.grammar.gbnf import Rules
from serve.grammar.json_text import space
from serve.grammar.nodes import seq

OPEN = "<tool_call>"
CLOSE = "</tool_call>"


class HermesParser(CallMachine):
    """Content, then calls; white space around them is layout."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, self._content)

    def _content(self) -> bool:
        if found := self.content_until(OPEN):
            self.state = self._opened
        return bool(found)

    def _opened(self) -> bool:
        """After the tag: white space and an object, or it was only text."""
        if is_clear := self.hold_space():
            self.begin_call(done=self._closing, failed=self._content)
        return is_clear

    def _closing(self) -> bool:
        self.skip_space()
        tag = self.starts(CLOSE)
        if tag is not None:
            self.take(len(tag))
            self.state = self._between
        return tag is not None

    def _between(self) -> bool:
        self.skip_space()
        if self.text:
            self.state = self._content
        return bool(self.text)


def form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """From the tag on."""
    gap = space(rules)
    one = rules.add("tagged", seq(gap, objects(rules, tools, "arguments"), gap, CLOSE))
    after = several(one, seq(gap, OPEN, one), parallel)
    return CallForm((OPEN,), after, seq(OPEN, after))
