"""A place in a Kubernetes object: rules read fields through it, and it remembers what could not be read.

Knows paths, absent fields, unknown values and wrong types. Knows no rule and no kind. All views that one run of a rule
makes share a `Trace`; afterwards the evaluator asks it which unknown or malformed fields the rule has touched.

Absent and null are the same, as for the API server: both read as None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policies.unknown import UNKNOWN, is_unknown

if TYPE_CHECKING:
    from policies.objects import Object

Key = str | int
Path = str | tuple[Key, ...]
"""`spec.replicas`, or a tuple where a key itself has dots: `("metadata", "annotations", "example.com/x")`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one place; `undecided` when it depends on a value that only `up` knows."""

    object: Object
    path: str
    message: str
    undecided: bool = False


@dataclass(slots=True)
class Trace:
    """What one run of a rule could not read."""

    unknown: dict[tuple[str, str], Finding] = field(default_factory=dict)
    malformed: dict[tuple[str, str], Finding] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One value of an object, with its path. `data` is plain JSON data, None where absent, or UNKNOWN."""

    object: Object
    data: Any
    path: str
    trace: Trace

    def get(self, path: Path) -> Any:
        """The value at a path below, whatever its type; None where absent, UNKNOWN where not known yet."""
        return self.at(path).data

    def text(self, path: Path) -> Any:
        """As `get`, for a string: anything else is noted as malformed and reads as None."""
        return self.at(path).expect(str, "text")

    def number(self, path: Path) -> Any:
        """As `get`, for a whole number."""
        return self.at(path).expect(int, "a whole number")

    def flag(self, path: Path) -> Any:
        """As `get`, for true or false."""
        return self.at(path).expect(bool, "true or false")

    def at(self, path: Path) -> View:
        """The view of a field below. An unknown on the way is noted."""
        data, where = self.data, self.path
        for key in _keys(path):
            where = join(where, key)
            if data is not UNKNOWN:
                data = _child(data, key, self.object)
        if data is UNKNOWN:
            self._note_unknown(where)
        return View(self.object, data, where, self.trace)

    def items(self, path: Path) -> list[View]:
        """The elements of a list below; none where it is absent, unknown (noted) or not a list (noted)."""
        here = self.at(path)
        data = here.expect(list, "a list")
        if not isinstance(data, list):
            return []
        return [here.at((index,)) for index in range(len(data))]

    def entries(self, path: Path) -> dict[str, View]:
        """The entries of a mapping below, by key."""
        here = self.at(path)
        data = here.expect(dict, "a mapping")
        if not isinstance(data, dict):
            return {}
        return {str(key): here.at((key,)) for key in data}

    def is_known(self) -> bool:
        """Whether everything below is known. What is not, is noted."""
        unknown = [path for path, value in walk(self.data) if value is UNKNOWN]
        for path in unknown:
            self.at(path)
        return not unknown

    def expect(self, wanted: type, name: str) -> Any:
        """The value itself if it has the type; None, noted as malformed, if it has another one."""
        data = self.data
        if data is None or data is UNKNOWN:
            return data
        if isinstance(data, wanted) and not (wanted is int and isinstance(data, bool)):
            return data
        finding = Finding(self.object, self.path, f"must be {name}")
        self.trace.malformed[(self.object.id, self.path)] = finding
        return None

    def bad(self, path: Path, message: str, *decided_by: Any) -> Finding:
        """A finding at a path below. Name all values that it rests on: if one is UNKNOWN, it is undecided."""
        where = self.path
        for key in _keys(path):
            where = join(where, key)
        return Finding(self.object, where, message, is_unknown(*decided_by))

    def _note_unknown(self, where: str) -> None:
        finding = Finding(self.object, where, "is not known yet", undecided=True)
        self.trace.unknown[(self.object.id, where)] = finding


def join(path: str, key: Key) -> str:
    """`spec` and `a` -> `spec.a`; `spec` and 0 -> `spec[0]`; a key with dots or slashes goes into brackets."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if "." in key or "/" in key:
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _keys(path: Path) -> tuple[Key, ...]:
    if isinstance(path, str):
        return tuple(path.split(".")) if path else ()
    return path


def _child(data: Any, key: Key, owner: Object) -> Any:
    if isinstance(data, Mapping):
        value = data.get(key)
        return UNKNOWN if value is None and key not in data and owner.is_patch else value
    if isinstance(data, list) and isinstance(key, int):
        return data[key] if key < len(data) else None
    return None


def walk(data: Any, path: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Any]]:
    """Every value of plain data with its path, the outer ones first."""
    yield path, data
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from walk(value, (*path, str(key)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, (*path, index))
