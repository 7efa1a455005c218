"""Answers without tool calls: all of the text is content."""

from __future__ import annotations

from serve.chat.calls import Calls
from serve.chat.machine import Machine
from serve.chat.types import Content


class PlainParser(Machine):
    """Nothing to look for."""

    def __init__(self, _calls: Calls | None = None) -> None:
        super().__init__(self._all)

    def _all(self) -> bool:
        self.say(Content(self.take(len(self.text))))
        return False
