"""Calls after a control token: Mistral 7B v0.3 and Nemo write a list, the later ones a name and its arguments.

[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Bonn"}, "id": "9Ae3bDc2F"}]
[TOOL_CALLS]get_weather[CALL_ID]9Ae3bDc2F[ARGS]{"city": "Bonn"}
"""

from __future__ import annotations

from collections.abc import Sequence

from serve.chat.call_form import CallForm, CallGrammar, objects, several
from serve.chat.calls import CallMachine, Calls
from serve.chat.json_call import JsonSkimmer
from serve.grammar.gbnf import Rules
from serve.grammar.json_text import space
from serve.grammar.nodes import alt, chars, repeat, seq

OPEN = "[TOOL_CALLS]"
ARGUMENTS = "[ARGS]"
CALL_ID = "[CALL_ID]"
_MAX_ID = 128  # characters, its end included; longer ones are none


class MistralParser(CallMachine):
    """Content, then calls in either form."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, self._content)
        self._name = ""
        self._value = JsonSkimmer()

    def _content(self) -> bool:
        if found := self.content_until(OPEN):
            self.state = self._opened
        return bool(found)

    def _opened(self) -> bool:
        """A list, one object, or a name."""
        is_clear = self.hold_space()
        if is_clear and self.text.startswith(("[", "{")):
            self.hold(1 if self.text[0] == "[" else 0)
            self.state = self._item
        elif is_clear:
            self.state = self._named
        return is_clear

    def _item(self) -> bool:
        if is_clear := self.hold_space():
            self.begin_call(done=self._between, failed=self._content)
        return is_clear

    def _between(self) -> bool:
        """`,` before the next item, `]` at the end."""
        self.skip_space()
        if not self.text:
            return False
        if self.text[0] == ",":
            self.hold(1)
            self.state = self._item
        else:
            self.take(1 if self.text[0] == "]" else 0)
            self.state = self._after
        return True

    def _after(self) -> bool:
        self.skip_space()
        if self.text:
            self.state = self._content
        return bool(self.text)

    def _named(self) -> bool:
        """A tool's name, perhaps an id, then arguments."""
        follows = {f"{name}{mark}": (name, mark) for name in self.calls.tools for mark in (CALL_ID, ARGUMENTS, "{")}
        found = self.starts(*follows)
        if found:
            self._name, mark = follows[found]
            self.hold(len(found) - (mark == "{"))
            self.state = self._id if mark == CALL_ID else self._start_arguments
        elif found == "":
            self.release()
            self.state = self._content
        return found is not None

    def _id(self) -> bool:
        """Ours is given out before the model's could be read whole."""
        at = self.text.find(ARGUMENTS, 0, _MAX_ID)
        is_clear = at >= 0 or self.ended or len(self.text) >= _MAX_ID
        if at >= 0:
            self.take(at + len(ARGUMENTS))
            self.state = self._start_arguments
        elif is_clear:
            self.release()
            self.state = self._content
        return is_clear

    def _start_arguments(self) -> bool:
        self.say_call(self._name)
        self._value = JsonSkimmer()
        self.state = self._arguments
        return True

    def _arguments(self) -> bool:
        self.say_arguments(self.take(self._value.feed(self.text)))
        if self._value.ended:
            self.end_call()
            self.state = self._after
        return self._value.ended


def list_form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """Mistral 7B v0.3 and Nemo, with an id of nine letters and digits."""
    gap = space(rules)
    call_id = seq(",", gap, '"id":', gap, '"', repeat(chars((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), 9, 9), '"')
    one = objects(rules, tools, "arguments", call_id)
    after = seq(gap, "[", gap, several(one, seq(",", gap, one), parallel), gap, "]")
    return CallForm((OPEN,), after, seq(OPEN, after))


def named_form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """Mistral Small 3.2, Devstral, Ministral 3."""
    one = rules.add("call", alt([seq(tool.name, ARGUMENTS, tool.arguments) for tool in tools]))
    after = several(one, seq(OPEN, one), parallel)
    return CallForm((OPEN,), after, seq(OPEN, after))
