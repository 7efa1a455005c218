"""Calls as bare JSON: Llama 3.1, 3.2 and 3.3.

    {"name": "get_weather", "parameters": {"city": "Bonn"}}

An object is a call only when it begins like one and names a tool.
"""

from __future__ import annotations

from serve.chat.calls import CallMachine, Calls

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
