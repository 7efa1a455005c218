"""A place in a Kubernetes object: rules read fields through it, and it remembers what could not be read.

Knows paths, absent fields, unknown values and wrong types. Knows no rule and no kind. All views that one run of a rule
makes share a `Trace`; afterwards the evaluator asks it which unknown or malformed fields the rule has touched.

Absent and null are the same, as for the API server: both read as None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kube.unknown import UNKNOWN, is_unknown

if TYPE_CHECKING:
    from kube.objects import Object

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


@dataclass(slots=True, eq=False)
class View:
    """One value of an object, and where it is. `data` is plain JSON data, None where absent, or UNKNOWN.

    Never changed. Not frozen, and without its path until somebody asks: a run makes millions of these.
    """

    object: Object
    data: Any
    trace: Trace
    _above: View | None = None
    _keys: tuple[Key, ...] = ()
    """From the view above to here."""

    @property
    def path(self) -> str:
        """From the object to here, such as `spec.containers[0].image`."""
        return _join(self._above.path if self._above else "", self._keys)

    def get(self, path: Path) -> Any:
        """The value at a path below, whatever its type; None where absent, UNKNOWN where not known yet."""
        keys = _split(path) if isinstance(path, str) else path
        data = self._find(keys)
        if data is UNKNOWN:
            self._note_unknown(keys)
        return data

    def text(self, path: Path) -> Any:
        """As `get`, for a string: anything else is noted as malformed and reads as None."""
        data = self.get(path)
        return data if isinstance(data, str) else self._need(data, str, "text", path)

    def number(self, path: Path) -> Any:
        """As `get`, for a whole number of as many bits as the API has."""
        data = self.get(path)
        is_huge = isinstance(data, int) and not -(2**63) <= data < 2**63
        return self._need(str(data) if is_huge else data, int, "a whole number", path)

    def flag(self, path: Path) -> Any:
        """As `get`, for true or false."""
        data = self.get(path)
        return data if isinstance(data, bool) else self._need(data, bool, "true or false", path)

    def at(self, path: Path) -> View:
        """The view of a field below. An unknown on the way is noted."""
        keys = _split(path) if isinstance(path, str) else path
        return self._view(keys, self._find(keys))

    def items(self, path: Path) -> list[View]:
        """The elements of a list below; none where it is absent, unknown (noted) or not a list (noted)."""
        here = self.at(path)
        data = here.expect(list, "a list")
        return [here._view((index,), each) for index, each in enumerate(data)] if isinstance(data, list) else []

    def entries(self, path: Path) -> dict[str, View]:
        """The entries of a mapping below, by key."""
        here = self.at(path)
        data = here.expect(dict, "a mapping")
        return {str(key): here._view((key,), each) for key, each in data.items()} if isinstance(data, dict) else {}

    def is_known(self) -> bool:
        """Whether everything below is known. What is not, is noted."""
        unknown = [path for path, value in walk(self.data) if value is UNKNOWN]
        for path in unknown:
            self.at(path)
        return not unknown

    def expect(self, wanted: type, name: str) -> Any:
        """The value itself if it has the type; None, noted as malformed, if it has another one."""
        return self._need(self.data, wanted, name, ())

    def bad(self, path: Path, message: str, *decided_by: Any) -> Finding:
        """A finding at a path below. Name all values that it rests on: if one is UNKNOWN, it is undecided."""
        return Finding(self.object, self._where(path), message, is_unknown(*decided_by))

    def _view(self, keys: tuple[Key, ...], data: Any) -> View:
        if data is UNKNOWN:
            self._note_unknown(keys)
        return View(self.object, data, self.trace, self, keys)

    def _find(self, keys: tuple[Key, ...]) -> Any:
        data, is_patch = self.data, self.object.is_patch
        for depth, key in enumerate(keys):
            if isinstance(data, dict):
                data = UNKNOWN if is_patch and key not in data else data.get(key)
            elif isinstance(data, list) and isinstance(key, int):
                data = data[key] if key < len(data) else None
            elif data is None:
                return None
            elif data is not UNKNOWN:
                return self._need(data, dict, "a mapping", keys[:depth])
        return data

    def _need(self, data: Any, wanted: type, name: str, path: Path) -> Any:
        if data is None or data is UNKNOWN:
            return data
        if isinstance(data, wanted) and not (wanted is int and isinstance(data, bool)):
            return data
        where = self._where(path)
        self.trace.malformed[(self.object.id, where)] = Finding(self.object, where, f"must be {name}")
        return None

    def _note_unknown(self, keys: tuple[Key, ...]) -> None:
        """Where the unknown begins, so that it is one, however many fields below it are read."""
        where = self._begin_of_unknown(keys)
        self.trace.unknown[(self.object.id, where)] = Finding(self.object, where, "is not known yet", undecided=True)

    def _begin_of_unknown(self, keys: tuple[Key, ...]) -> str:
        if self.data is UNKNOWN and self._above:
            return self._above._begin_of_unknown(self._keys)
        known = next(length for length in range(len(keys) + 1) if self._find(keys[:length]) is UNKNOWN)
        return _join(self.path, keys[:known])

    def _where(self, path: Path) -> str:
        return _join(self.path, _split(path) if isinstance(path, str) else path)


def join(path: str, key: Key) -> str:
    """`spec` and `a` -> `spec.a`; `spec` and 0 -> `spec[0]`; a key with dots or slashes goes into brackets."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if "." in key or "/" in key:
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _join(path: str, keys: Iterable[Key]) -> str:
    for key in keys:
        path = join(path, key)
    return path


@lru_cache(maxsize=4096)
def _split(path: str) -> tuple[str, ...]:
    return tuple(path.split(".")) if path else ()


def walk(data: Any, path: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Any]]:
    """Every value of plain data with its path, the outer ones first."""
    yield path, data
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from walk(value, (*path, str(key)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, (*path, index))
