"""Typed questions to the metadata of a header; an answer of another type is an error that names the key."""

from collections.abc import Mapping

from infra.gguf.types import GgufError, Header, Long, Value

MAX_LAYERS = 10_000


class Metadata:
    """Keys without a dot before them are those of the architecture: `block_count` is `llama.block_count`."""

    def __init__(self, header: Header) -> None:
        self._all: Mapping[str, Value] = header.metadata
        architecture = self._all.get("general.architecture")
        if not isinstance(architecture, str) or not architecture:
            raise GgufError("general.architecture: is missing")
        self.architecture = architecture
        self.num_layers = self.whole("block_count") - self.whole("nextn_predict_layers", 0)
        if not 1 <= self.num_layers <= MAX_LAYERS:
            raise GgufError(f"{architecture}.block_count: {self.num_layers} is not allowed; allowed: 1 to {MAX_LAYERS}")

    def has(self, key: str) -> bool:
        """Whether the file says it."""
        return self._key(key) in self._all

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number, not below zero."""
        name = self._key(key)
        if name not in self._all:
            if default is None:
                raise GgufError(f"{name}: is missing")
            return default
        return _whole(self._all[name], name)

    def most(self, key: str) -> int:
        """The number, or the largest where each layer has its own; 0 where there is none."""
        found = self._all.get(self._key(key), 0)
        values = found if isinstance(found, tuple) else (found,)
        return max((_whole(each, self._key(key)) for each in values), default=0)

    def by_layer(self, key: str, default: int) -> tuple[int, ...]:
        """One for each layer: a list, or one number for all."""
        name = self._key(key)
        found = self._all.get(name, default)
        if not isinstance(found, tuple):
            return (_whole(found, name),) * self.num_layers
        if len(found) < self.num_layers:
            raise GgufError(f"{name}: has {len(found)} numbers; allowed: {self.num_layers}, one for each layer")
        return tuple(_whole(each, name) for each in found[: self.num_layers])

    def flags(self, key: str) -> tuple[bool, ...] | None:
        """One for each layer; None where it is no list."""
        if not isinstance(self._all.get(self._key(key)), tuple):
            return None
        return tuple(bool(each) for each in self.by_layer(key, 0))

    def length(self, key: str) -> int:
        """Of a list; 0 where there is none."""
        found = self._all.get(self._key(key))
        return found.length if isinstance(found, Long) else len(found) if isinstance(found, tuple) else 0

    def _key(self, key: str) -> str:
        known = ("general.", "tokenizer.", "split.")
        return key if key.startswith(known) else f"{self.architecture}.{key}"


def _whole(value: object, name: str) -> int:
    if not isinstance(value, int) or value < 0:
        raise GgufError(f"{name}: {value!r} is not allowed; allowed: a whole number, not below zero")
    return int(value)
