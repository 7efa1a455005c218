"""The engine's messages <-> plain data: what a preview knows of a resource, as rules see it.

Knows the marks that the engine puts into a plain structure: values that are not known yet become UNKNOWN, a secret
becomes its value (rules look at its shape) and its path is kept. Numbers come as floating point and become whole where
they are. On the way back only what differs is written: everything else keeps its marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from kube.marks import OUTPUT, SECRET, SIGNATURE, UNKNOWN_MARK, UNKNOWN_MARKS
from kube.unknown import UNKNOWN
from kube.view import join


@dataclass(frozen=True, slots=True)
class Plain:
    """What a message holds; `secrets` are the paths of its secret values, `secret_texts` the texts in them."""

    data: dict[str, Any]
    secrets: frozenset[str]
    secret_texts: frozenset[str]


def from_struct(struct: Struct) -> Plain:
    """Read a message."""
    secrets: set[str] = set()
    texts: set[str] = set()
    fields = sorted(struct.fields.items())  # the message has no order of its own
    data = {key: _read(value, join("", key), secrets, texts, hidden=False) for key, value in fields}
    return Plain(data, frozenset(secrets), frozenset(texts))


def _read(value: Value, path: str, secrets: set[str], texts: set[str], *, hidden: bool) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            text = value.string_value
            if text in UNKNOWN_MARKS:
                return UNKNOWN
            if hidden:
                texts.add(text)
            return text
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "list_value":
            elements = enumerate(value.list_value.values)
            return [_read(each, join(path, index), secrets, texts, hidden=hidden) for index, each in elements]
        case "struct_value":
            return _read_mapping(value.struct_value, path, secrets, texts, hidden=hidden)
        case _:
            return None


def _read_mapping(struct: Struct, path: str, secrets: set[str], texts: set[str], *, hidden: bool) -> Any:
    fields = struct.fields
    mark = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if mark == SECRET or (mark == OUTPUT and fields["secret"].bool_value):
        secrets.add(path)
        hidden = True
    if mark in (SECRET, OUTPUT):
        return _read(fields["value"], path, secrets, texts, hidden=hidden) if "value" in fields else UNKNOWN
    return {key: _read(each, join(path, key), secrets, texts, hidden=hidden) for key, each in sorted(fields.items())}


def write_back(original: Struct, before: Mapping[str, Any], after: Mapping[str, Any]) -> Struct:
    """The message again, with `after` where that differs from `before`, which is what the message held."""
    result = Struct()
    for key, data in after.items():
        if key in before:
            result.fields[key].CopyFrom(_merge(original.fields[key], before[key], data))
        else:
            result.fields[key].CopyFrom(_to_value(data))
    return result


def is_same(one: Any, other: Any) -> bool:
    """Equal, where UNKNOWN is the same as itself and 1 is not true."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return one is other or (type(one) is type(other) and bool(one == other))


def _merge(original: Value, before: Any, after: Any) -> Value:
    if is_same(before, after):
        return original
    marked = original.struct_value.fields if original.HasField("struct_value") else {}
    if SIGNATURE in marked and "value" in marked:  # a secret stays one, whatever it now says
        result = Value()
        result.CopyFrom(original)
        result.struct_value.fields["value"].CopyFrom(_merge(marked["value"], before, after))
        return result
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return Value(struct_value=write_back(original.struct_value, before, after))
    if isinstance(before, list) and isinstance(after, list):
        return Value(list_value=ListValue(values=_merge_elements(original.list_value.values, before, after)))
    return _to_value(after)


def _merge_elements(originals: Iterable[Value], before: list[Any], after: list[Any]) -> Iterable[Value]:
    """Elements are found again as they were, else by their name, else at their place."""
    left = list(zip(originals, before, strict=True))
    for data in after:
        found = next((pair for pair in left if is_same(pair[1], data)), None)
        found = found or next((pair for pair in left if _is_namesake(pair[1], data)), None)
        if found is None and len(before) == len(after) and left and not _has_name(data):
            found = left[0]
        if found is None:
            yield _to_value(data)
        else:
            left = [pair for pair in left if pair is not found]
            yield _merge(*found, data)


def _is_namesake(one: Any, other: Any) -> bool:
    return _has_name(one) and _has_name(other) and bool(one["name"] == other["name"])


def _has_name(data: Any) -> bool:
    return isinstance(data, Mapping) and isinstance(data.get("name"), str)


def _to_value(data: Any) -> Value:
    if data is UNKNOWN:
        return Value(string_value=UNKNOWN_MARK)
    if isinstance(data, Mapping):
        return Value(struct_value=Struct(fields={str(key): _to_value(each) for key, each in data.items()}))
    if isinstance(data, list | tuple):
        return Value(list_value=ListValue(values=[_to_value(each) for each in data]))
    if data is None:
        return Value(null_value=NULL_VALUE)
    if isinstance(data, bool):
        return Value(bool_value=data)
    if isinstance(data, int | float):
        return Value(number_value=data)
    return Value(string_value=str(data))
