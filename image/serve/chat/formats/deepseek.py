"""DeepSeek's calls: R1 fences the arguments, V3.1 does not.

<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather
```json
{"city": "Bonn"}
```<｜tool▁call▁end｜><｜tool▁calls▁end｜>

<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Bonn"}<｜tool▁call▁end｜>...
"""  # noqa: RUF002  (the bars are DeepSeek's)

from __future__ import annotations

from collections.abc import Sequence

from serve.chat.call_form import CallForm, CallGrammar, several
from serve.chat.calls import CallMachine, Calls
from serve.chat.json_call import JsonSkimmer
from serve.grammar.gbnf import Rules
from serve.grammar.nodes import Node, Text, alt, optional, seq

ALL_OPEN = "<｜tool▁calls▁begin｜>"  # noqa: RUF001
ALL_CLOSE = "<｜tool▁calls▁end｜>"  # noqa: RUF001
OPEN = "<｜tool▁call▁begin｜>"  # noqa: RUF001
CLOSE = "<｜tool▁call▁end｜>"  # noqa: RUF001
SEPARATOR = "<｜tool▁sep｜>"  # noqa: RUF001
FENCE = "```json"
_MAX_HEADER = 512  # longer ones are none


class DeepSeekParser(CallMachine):
    """Content, then calls."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls, self._content)
        self._value = JsonSkimmer()

    def _content(self) -> bool:
        if found := self.content_until(ALL_OPEN, OPEN):
            self.state = self._named
        return bool(found)

    def _named(self) -> bool:
        """All up to the arguments' `{`. A header is short, so it is held back as a whole."""
        at = self.text.find("{", 0, _MAX_HEADER)
        if at < 0 and not self.ended and len(self.text) < _MAX_HEADER:
            return False
        self.hold(min(len(self.text), _MAX_HEADER) if at < 0 else at)
        name = _name(self.held)
        if name in self.calls.tools and at >= 0:
            self.say_call(name)
            self._value = JsonSkimmer()
            self.state = self._arguments
        else:
            self.release()
            self.state = self._content
        return True

    def _arguments(self) -> bool:
        self.say_arguments(self.take(self._value.feed(self.text)))
        if self._value.ended:
            self.end_call()
            self.state = self._between
        return self._value.ended

    def _between(self) -> bool:
        """Fences and closing tags mean nothing any more; another call or content may follow."""
        self.skip_space()
        tag = self.starts("```", CLOSE, ALL_CLOSE, ALL_OPEN, OPEN)
        if not self.text or (tag is None and not self.ended):
            return False
        self.take(len(tag or ""))
        if tag in (OPEN, ALL_OPEN):
            self.held = tag
            self.state = self._named
        elif not tag:
            self.state = self._content
        return True


def _name(head: str) -> str:
    """From "...function<sep>get_weather ```json" and "...get_weather<sep>"."""
    before, _, after = head.replace(ALL_OPEN, "").replace(OPEN, "").partition(SEPARATOR)
    return after.removesuffix("\n").strip().removesuffix(FENCE).strip() or before.strip()


def fenced_form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """R1."""
    return _form(
        rules, [seq("function", SEPARATOR, t.name, f"\n{FENCE}\n", t.arguments, "\n```") for t in tools], parallel
    )


def bare_form(rules: Rules, tools: Sequence[CallGrammar], *, parallel: bool) -> CallForm:
    """V3.1."""
    return _form(rules, [seq(t.name, SEPARATOR, t.arguments) for t in tools], parallel)


def _form(rules: Rules, calls: Sequence[Node], parallel: bool) -> CallForm:  # noqa: FBT001
    one = rules.add("call", seq(OPEN, alt(calls), CLOSE))
    after = seq(several(one, seq(optional(Text("\n")), one), parallel), ALL_CLOSE)
    return CallForm((ALL_OPEN,), after, seq(ALL_OPEN, after))
