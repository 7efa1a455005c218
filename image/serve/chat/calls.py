"""What the parsers of tool calls share: numbering, ids, and the reading of one call as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass

from serve.chat.json_call import CallReader, CallStatus
from serve.chat.machine import Machine, State
from serve.chat.types import Content, ToolArguments, ToolCallStart


@dataclass(frozen=True, slots=True)
class Calls:
    """What is a call: of these tools. The others' names are only text."""

    tools: Collection[str]
    new_id: Callable[[], str]


class CallMachine(Machine):
    """A parser that can read calls."""

    def __init__(self, calls: Calls, state: State) -> None:
        super().__init__(state)
        self.calls = calls
        self._num_calls = 0
        self._reader = CallReader(())
        self.held = ""  # taken already, content if no call follows
        self._announced = False
        self._has_arguments = False
        self._done: State = state
        self._failed: State = state

    def content_until(self, *tags: str) -> str:
        """Say what is content for certain, and take the first of the tags. White space before one is layout."""
        before, tag = self.take_until(*tags)
        text = self.held + before
        kept = text.rstrip() if tag or not self.ended else text
        self.held = text[len(kept) :] + tag
        self.say(Content(kept))
        return tag

    def hold(self, num_chars: int) -> None:
        """Take so much, which is content only if no call follows."""
        self.held += self.take(num_chars)

    def put_back(self, tag: str) -> None:
        """It is held, but it is the text that decides."""
        self.held = self.held.removesuffix(tag)
        self.text = tag + self.text

    def release(self) -> None:
        """No call follows."""
        self.say(Content(self.held))
        self.held = ""

    def hold_space(self) -> bool:
        """Hold white space; is there anything behind it, or will there never be?"""
        self.hold(len(self.text) - len(self.text.lstrip()))
        return bool(self.text) or self.ended

    def begin_call(self, *, done: State, failed: State) -> None:
        """The text goes on with a JSON object, perhaps."""
        self._reader = CallReader(self.calls.tools)
        self._announced = False
        self._done, self._failed = done, failed
        self.state = self._call

    def say_call(self, name: str, call_id: str = "") -> None:
        """A call begins."""
        self.held = ""
        self.say(ToolCallStart(self._num_calls, call_id or self.calls.new_id(), name))
        self._num_calls += 1
        self._has_arguments = False

    def say_arguments(self, text: str) -> None:
        """More of the last call's arguments."""
        self._has_arguments = self._has_arguments or bool(text)
        self.say(ToolArguments(self._num_calls - 1, text))

    def end_call(self) -> None:
        """No arguments at all are an empty object."""
        if not self._has_arguments:
            self.say_arguments("{}")

    def _call(self) -> bool:
        reader = self._reader
        self.take(reader.feed(self.text))
        if reader.status is CallStatus.OPEN and self.ended:
            reader.status = CallStatus.NO_CALL
        if reader.status is CallStatus.NO_CALL:
            self.held += reader.raw
            self.release()
            self.state = self._failed
            return True
        if reader.status is not CallStatus.OPEN:
            self._go_on(reader)
        return self.state != self._call

    def _go_on(self, reader: CallReader) -> None:
        if not self._announced:
            self.say_call(reader.name, reader.id)
            self._announced = True
        self.say_arguments(reader.take_arguments())
        if reader.status is CallStatus.DONE:
            self.end_call()
            self.state = self._done
        elif reader.status is CallStatus.BROKEN:
            self.state = self._failed


def short_id(text: str) -> str:
    """Mistral's ids: nine letters and digits. The same for the same text, so that calls and results still match."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:9]
