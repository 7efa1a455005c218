"""OpenAI's harmony, the form of gpt-oss: messages on channels, each with a header.

    <|channel|>analysis<|message|>thoughts<|end|><|start|>assistant<|channel|>final<|message|>the answer
    <|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Bonn"}<|call|>

The prompt ends with "<|start|>assistant", so an answer begins inside a header. Commentary to nobody is what the model
tells the user before a call: content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from serve.chat.call_form import CallForm, CallGrammar, until
from serve.chat.calls import CallMachine, Calls
from serve.chat.machine import possible_start
from serve.chat.types import Content, Reasoning, ReasoningFormat
from serve.grammar.gbnf import Rules
from serve.grammar.nodes import Node, Text, alt, optional, seq

START = "<|start|>"
CHANNEL = "<|channel|>"
MESSAGE = "<|message|>"
ENDS = ("<|end|>", "<|call|>", "<|return|>")
_MAX_HEADER = 512  # longer ones are none
_TO_FUNCTION = re.compile(r"to=functions\.([^\s<]+)")
_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")


class HarmonyParser(CallMachine):
    """Headers and bodies in turn. Text outside of both is content: the model forgot its form."""

    def __init__(self, calls: Calls, reasoning: ReasoningFormat = ReasoningFormat.AUTO) -> None:
        super().__init__(calls, self._begin)
        self._as_content = reasoning is ReasoningFormat.NONE
        self._kind: type[Content] | type[Reasoning] | None = Content  # None: the arguments of a call
        self._last: object = None

    def _begin(self) -> bool:
        """Is this a header?"""
        found = self.starts(START, CHANNEL, " to=")
        if found is None or not self.text:
            return False
        self.state = self._header if found else self._body
        return True

    def _header(self) -> bool:
        at = self.text.find(MESSAGE, 0, _MAX_HEADER)
        if at < 0 and not self.ended and len(self.text) < _MAX_HEADER:
            return False
        if at >= 0:
            self._open(self.take(at + len(MESSAGE)))
        elif len(self.text) >= _MAX_HEADER:
            self.say(Content(self.take(len(CHANNEL))))  # or the body would find it again
        elif self.text.startswith((START, CHANNEL)):  # cut off: a header without a body says nothing
            self.text = ""
        self.state = self._body
        return True

    def _open(self, header: str) -> None:
        channels, function = _CHANNEL.findall(header), _TO_FUNCTION.search(header)
        if function and function[1] in self.calls.tools:
            self._kind = None
            self.say_call(function[1])
            return
        thinks = channels[-1:] == ["analysis"]  # of two, the model meant the last
        self._kind = Reasoning if thinks and not self._as_content else Content
        if self._as_content and thinks:
            self.say(Content(header))
        elif self._kind is self._last:
            self.say(self._kind("\n"))
        self._last = self._kind

    def _body(self) -> bool:
        text, tag = self.take_until(START, CHANNEL, *ENDS)
        if self._kind is None:
            held = max(possible_start(text, end) for end in ENDS) if self.ended and not tag else 0
            self.say_arguments(text[: len(text) - held])  # half a control token is no JSON
        else:
            self.say(self._kind(text))
        if tag in (START, CHANNEL):
            self.text = tag + self.text
        if tag:
            if self._kind is None:
                self.end_call()
            self._kind = Content
            self.state = self._begin
        return bool(tag)


_HEADERS = (f"{CHANNEL}commentary to=functions.", f"{CHANNEL}analysis to=functions.")
_TO = f"{START}assistant to=functions."  # the other order, in which the template writes earlier calls
_AS_JSON = optional(alt([Text(" <|constrain|>json"), Text(" json"), Text("<|constrain|>json")]))


def form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """From the name on. One call a message, and the message ends the answer: never several."""
    del parallel
    on_channel = optional(seq(CHANNEL, alt([Text("commentary"), Text("analysis")])))
    after = rules.add("call", alt([seq(tool.name, on_channel, _AS_JSON, MESSAGE, tool.arguments) for tool in tools]))
    whole = seq(alt([Text(_HEADERS[0]), Text(" to=functions.")]), after)
    return CallForm((*_HEADERS, _TO), after, whole)


def thoughts(rules: Rules) -> Node:
    """One message of analysis, and the beginning of the next."""
    return seq(f"{CHANNEL}analysis{MESSAGE}", rest_of_thoughts(rules))


def rest_of_thoughts(rules: Rules) -> Node:
    """The same where they have begun."""
    return seq(until(rules, ENDS[0]), f"{START}assistant")


def final(content: Node) -> Node:
    """The header of the answer, and the answer."""
    return seq(f"{CHANNEL}final", _AS_JSON, MESSAGE, content)
