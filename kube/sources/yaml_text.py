"""YAML text -> plain data with the line of every field, as Kubernetes reads YAML, and safe on any input.

Knows YAML; knows nothing of Kubernetes objects. What a person can get wrong, or use to do harm, is a SourceError with
its line: duplicate keys (the API server would take the last one, a reader sees the first one), tags that build objects,
aliases that refer to themselves or stand for millions of values, nesting without end.

Plain scalars are what sigs.k8s.io/yaml makes of them: `yes` is true, `0644` is octal; dates and `10:30` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from kube.errors import SourceError, TooMuch
from kube.view import join

MAX_DEPTH = 100
MAX_VALUES = 2_000_000
"""Of one text, aliases written out: some 10,000 Deployments."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0b(?P<two>[01]+)|0o?(?P<eight>[0-7]+)|0x(?P<sixteen>[0-9a-fA-F]+)|(?P<ten>\d{1,400}))")
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d{1,3})?")
_INDEX = re.compile(r"\[(\d{1,9})\]")
_BASES = {"two": 2, "eight": 8, "ten": 10, "sixteen": 16}


@dataclass(slots=True)
class Node:
    """A value, the line on which it begins (for the entry of a mapping: its key), and the nodes below."""

    data: Any
    line: int
    below: dict[str, Node] | list[Node] | None = None
    size: int = 1
    """How many values it stands for, aliases written out; only known of what has an anchor."""


def documents(text: str, name: str) -> Iterator[Node]:
    """Every document of the text that is not empty; SourceError, with `name` and the line, where it is not YAML."""
    try:
        loader = _LOADER(text)
        try:
            yield from _Composer(loader, name).documents()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SourceError(f"{name}:{line}: not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 1
        raise SourceError(f"{name}:{line}: not YAML: {error.reason}") from None


def line_of(node: Node, path: str) -> int:
    """The line of a field; where it is absent, that of the innermost value around it that is there."""
    child, rest = _next(node, path)
    return line_of(child, rest.removeprefix(".")) if child else node.line


def scalar(text: str) -> Any:
    """A plain scalar as Kubernetes reads it: null, a truth value, a number or text."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = text.replace("_", "")
    if match := _INTEGER.fullmatch(digits):
        base = str(match.lastgroup)
        return int(match[base], _BASES[base]) * (-1 if digits[0] == "-" else 1)
    if _FLOAT.fullmatch(digits):
        number = float(digits)
        return int(number) if number.is_integer() else number if abs(number) < float("inf") else text
    return text


def _next(node: Node, path: str) -> tuple[Node | None, str]:
    """The child on the path, and the path from there."""
    if isinstance(node.below, list):
        index = _INDEX.match(path)
        if index and int(index[1]) < len(node.below):
            return node.below[int(index[1])], path[index.end() :]
    elif isinstance(node.below, dict):
        for key, child in node.below.items():
            piece = join("", key)
            rest = path[len(piece) :]
            if path.startswith(piece) and (not rest or rest[0] in ".["):
                return child, rest
    return None, path


class _Composer:
    """Builds nodes from the parser's events; libyaml's own composer has neither lines nor bounds."""

    def __init__(self, loader: Any, name: str) -> None:
        self._next = loader.get_event
        self._name = name
        self._anchors: dict[str, Node | None] = {}
        """None while the anchored value is being read."""
        self._num_values = 0

    def documents(self) -> Iterator[Node]:
        """All of them."""
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            self._anchors = {}
            node = self._node(self._next(), 0)
            if node.data is not None:
                yield node

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        before, line = self._num_values, event.start_mark.line + 1
        self._count(1, event)
        if event.anchor:
            self._anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node = Node(self._scalar(event), line)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth)
        else:
            node = self._mapping(event, depth)
        if event.anchor:
            node.size = self._num_values - before
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            what = "refers to a value that contains it" if event.anchor in self._anchors else "refers to no anchor"
            raise self._error(event, f"the alias *{event.anchor} {what}")
        self._count(node.size, event)
        return node

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if event.implicit[0]:
            return scalar(event.value)
        if event.implicit[1] or tag == f"{_TAG}str":
            return event.value
        if tag in {f"{_TAG}{kind}" for kind in ("int", "float", "bool", "null")}:
            return scalar(event.value)
        raise self._error(event, f"the tag {tag} has no meaning in a manifest")

    def _sequence(self, event: Any, depth: int) -> Node:
        self._need_plain(event, "seq")
        node = Node([], event.start_mark.line + 1, items := [])
        while not isinstance(inner := self._next(), yaml.SequenceEndEvent):
            item = self._node(inner, depth + 1)
            items.append(item)
            node.data.append(item.data)
        return node

    def _mapping(self, event: Any, depth: int) -> Node:
        self._need_plain(event, "map")
        node = Node({}, event.start_mark.line + 1, entries := {})
        merged: list[Node] = []
        while not isinstance(inner := self._next(), yaml.MappingEndEvent):
            key = self._key(inner)
            value = self._node(self._next(), depth + 1)
            if key == "<<" and inner.implicit[0]:
                merged += self._merged(inner, value)
            elif key in entries:
                raise self._error(inner, f"the key {key[:80]!r} is there twice")
            else:
                # A node of its own: the line of an alias is where it stands, not where its anchor is.
                entries[key] = Node(value.data, inner.start_mark.line + 1, value.below)
        for source in merged:
            entries.update((key, value) for key, value in source.below.items() if key not in entries)  # type: ignore[union-attr]
        node.data.update((key, value.data) for key, value in entries.items())
        return node

    def _key(self, event: Any) -> str:
        if isinstance(event, yaml.AliasEvent):
            data = self._alias(event).data
        elif isinstance(event, yaml.ScalarEvent):
            data = self._node(event, 0).data
        else:
            data = {}
        if isinstance(data, dict | list):
            raise self._error(event, "the key of a mapping must be text")
        return data if isinstance(data, str) else "null" if data is None else str(data).lower()

    def _merged(self, event: Any, value: Node) -> list[Node]:
        sources = value.below if isinstance(value.below, list) else [value]
        if any(not isinstance(source.data, dict) for source in sources):
            raise self._error(event, "`<<` must be followed by a mapping or a list of mappings")
        return sources

    def _count(self, num: int, event: Any) -> None:
        self._num_values += num
        if self._num_values > MAX_VALUES:
            what = f"more than {MAX_VALUES:,} values, aliases written out: split it"
            raise TooMuch(f"{self._name}:{event.start_mark.line + 1}: {what}")

    def _need_plain(self, event: Any, kind: str) -> None:
        if event.tag not in (None, "!", f"{_TAG}{kind}"):
            raise self._error(event, f"the tag {event.tag} has no meaning in a manifest")

    def _error(self, event: Any, what: str) -> SourceError:
        return SourceError(f"{self._name}:{event.start_mark.line + 1}: {what}")
