"""Reads one JSON object, character by character, that may be a call: {"name": ..., "arguments": {...}, "id": ...}.

Its arguments come out while they come in. It becomes a call when its name is known and is that of a tool; until then
all that was read can still be content. Keys come in any order; models write `parameters` for `arguments`, wrap the
whole in `function`, add a `type`, or give the arguments as a string of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator
from enum import Enum, auto

_ARGUMENTS = ("arguments", "parameters")
_NAMES = ("name", "tool_name")
_IDS = ("id", "tool_call_id")
_FIRST_KEYS = {*_ARGUMENTS, *_NAMES, *_IDS, "type", "function", "tool_call"}
_SPACE = " \t\r\n"
_CLOSES = {"{": "}", "[": "]"}
_Read = Generator[None, str, str]  # takes characters; returns the first one that is not its own


class CallStatus(Enum):
    """How far the reading is."""

    OPEN = auto()  # it may be a call
    CALL = auto()  # it is; arguments come
    DONE = auto()  # it is, and it is complete
    NO_CALL = auto()  # it is not; `raw` is content
    BROKEN = auto()  # it was, but its JSON breaks off


class _NoJsonError(Exception):
    pass


class CallReader:
    """One object. `feed` it from its `{` on."""

    def __init__(self, tools: Collection[str]) -> None:
        self._tools = tools
        self.status = CallStatus.OPEN
        self.name = ""
        self.id = ""
        self._raw: list[str] = []
        self._arguments: list[str] = []
        self._has_arguments = False
        self._steps = self._object(0)
        next(self._steps)

    def feed(self, text: str) -> int:
        """Read on; how many characters belonged to the object."""
        for count, char in enumerate(text):
            try:
                self._steps.send(char)
            except StopIteration:
                self._raw.append(char)
                self.status = CallStatus.DONE if self.name else CallStatus.NO_CALL
                return count + 1
            except _NoJsonError:
                self.status = CallStatus.BROKEN if self.name in self._tools else CallStatus.NO_CALL
                return count
            if self.status is CallStatus.OPEN:
                self._raw.append(char)
        return len(text)

    @property
    def raw(self) -> str:
        """All that was read while it could still be content."""
        return "".join(self._raw)

    def take_arguments(self) -> str:
        """What came of the arguments since the last time; nothing before it is a call."""
        if self.status in (CallStatus.OPEN, CallStatus.NO_CALL):
            return ""
        taken = "".join(self._arguments)
        self._arguments.clear()  # the same list: the reading goes on in it
        return taken

    def _object(self, depth: int) -> _Read:
        """`{`, pairs, `}`; depth is that of wrappers such as "function"."""
        char = yield
        if char != "{" or depth > 2:
            raise _NoJsonError
        char = yield from _space((yield))
        while char != "}":
            key, char = yield from self._key(char)
            char = yield from self._value(key, char, depth)
            char = yield from _space(char)
            if char == ",":
                char = yield from _space((yield))
                if char == "}":
                    raise _NoJsonError
            elif char != "}":
                raise _NoJsonError
        return (yield) if depth else ""

    def _key(self, char: str) -> Generator[None, str, tuple[str, str]]:
        text: list[str] = []
        char = yield from _string(char, text)
        key = _unquoted("".join(text))
        if self.status is CallStatus.OPEN and not self.name and key not in _FIRST_KEYS:
            raise _NoJsonError  # calls begin with their words; holding back all other JSON would only delay it
        char = yield from _space(char)
        if char != ":":
            raise _NoJsonError
        return key, (yield from _space((yield)))

    def _value(self, key: str, char: str, depth: int) -> _Read:
        if key in ("function", "tool_call") and char == "{":
            inner = self._object(depth + 1)
            next(inner)
            return (yield from _begun(inner, char))
        if key in _ARGUMENTS and char == "{" and not self._has_arguments:
            self._has_arguments = True
            return (yield from _skim(char, self._arguments))
        text: list[str] = []
        char = yield from _skim(char, text)
        self._know(key, "".join(text))
        return char

    def _know(self, key: str, text: str) -> None:
        if key in _NAMES or (key == "function" and text.startswith('"')):
            self.name = _unquoted(text)
            if self.name not in self._tools:
                raise _NoJsonError
            self.status = CallStatus.CALL
        elif key in _IDS and self.status is CallStatus.OPEN:  # after the name it is too late: the call is announced
            self.id = _unquoted(text) if text.startswith('"') else text
        elif key in _ARGUMENTS and not self._has_arguments:
            self._has_arguments = True
            self._arguments.append(_unquoted(text) if text.startswith('"') else "{}" if text == "null" else text)


class JsonSkimmer:
    """Finds the end of one value: brackets and strings are looked at, nothing else."""

    def __init__(self) -> None:
        self.ended = False
        self._steps = _skim_all()
        next(self._steps)

    def feed(self, text: str) -> int:
        """Read on; how many characters belonged to the value."""
        for count, char in enumerate(text):
            try:
                self._steps.send(char)
            except (StopIteration, _NoJsonError):
                self.ended = True
                return count
        return len(text)


def _skim_all() -> _Read:
    char = yield from _space((yield))
    return (yield from _skim(char, []))


def _begun(inner: _Read, char: str) -> _Read:
    """Go on with a generator that already waits, giving it this character first."""
    while True:
        try:
            inner.send(char)
        except StopIteration as end:
            return str(end.value)
        char = yield


def _space(char: str) -> _Read:
    while char in _SPACE:
        char = yield
    return char


def _string(char: str, into: list[str]) -> _Read:
    if char != '"':
        raise _NoJsonError
    into.append(char)
    escaped = False
    while (char := (yield)) != '"' or escaped:
        escaped = char == "\\" and not escaped
        into.append(char)
    into.append(char)
    return (yield)


def _skim(char: str, into: list[str]) -> _Read:
    """One value of any kind: brackets must match, the rest is as it is."""
    if char == '"':
        return (yield from _string(char, into))
    if char not in _CLOSES:
        while char not in ",}]" and char not in _SPACE:
            into.append(char)
            char = yield
        return char
    open_brackets: list[str] = []
    while True:
        if char == '"':
            char = yield from _string(char, into)
            continue
        into.append(char)
        if char in _CLOSES:
            open_brackets.append(_CLOSES[char])
        elif char in "}]" and open_brackets.pop() != char:
            raise _NoJsonError
        char = yield
        if not open_brackets:
            return char


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError as error:
        raise _NoJsonError from error
