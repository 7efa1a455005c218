"""A file of API keys as values. What is kept of a key is its SHA-256; no message says what stands in a line.

One key a line, plain or as its hash, then what holds for it:

    # the team that writes letters
    sha256:<64 hexadecimal digits> name=letters rate_per_min=600 concurrency=8
    sk-a-key-in-plain-text name=batch priority=10

A plain hash is enough: a key that nobody can guess needs no slow one, and each request would wait for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from serve.errors import ServeError

LEAST_CHARS: Final = 16
"""Of a plain key. Shorter ones can be found by trying, all the sooner by who sees their hash."""
MOST_KEYS: Final = 1000
"""Each request is compared with all of them."""
_NAME_DIGITS = 12
_HASH = "sha256:"
_PLAIN = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_RANGES = {"rate_per_min": (1, 1_000_000), "concurrency": (1, 100_000), "priority": (-1000, 1000)}


class KeysError(ServeError):
    """A file of keys can't be used."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key. None: no limit, and the priority that its requests ask for themselves; lower is sooner."""

    name: str
    digest: bytes
    is_admin: bool = False
    rate_per_min: int | None = None
    concurrency: int | None = None
    priority: int | None = None


def digest_of(key: bytes) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(key).digest()


def parse_keys(text: str, *, is_admin: bool) -> tuple[Key, ...]:
    """All keys of a file, or KeysError with the number of the line. A file without keys lets nobody in: an error, too.

    A key without a name has one that its hash makes: wherever it stands, limits, logs and histories are its own. Of a
    key that can't be guessed it says nothing.
    """
    keys = tuple(_keys(text, is_admin=is_admin))
    if not keys:
        raise KeysError("it has no key")
    if len(keys) > MOST_KEYS:
        raise KeysError(f"it has {len(keys)} keys: {MOST_KEYS} are allowed")
    return keys


def check_together(keys: tuple[Key, ...]) -> None:
    """KeysError when one key is there twice: what would hold for it? Names may be: an old key and its successor."""
    seen: dict[bytes, Key] = {}
    for key in keys:
        twin = seen.setdefault(key.digest, key)
        if twin is not key:
            raise KeysError(f"{twin.name!r} and {key.name!r} are the same key")


def _keys(text: str, *, is_admin: bool) -> Iterator[Key]:
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        fields: dict[str, Any] = {}
        for position, word in enumerate(words[1:], start=2):
            name, value = _option(word, position, number)
            if name in fields:
                raise KeysError(f"line {number} says {name} twice")
            fields[name] = value
        digest = _digest(words[0], number)
        yield Key(digest=digest, is_admin=is_admin, **{"name": f"key-{digest.hex()[:_NAME_DIGITS]}"} | fields)


def _digest(word: str, number: int) -> bytes:
    if word.startswith(_HASH):
        hexadecimal = word.removeprefix(_HASH)
        if not re.fullmatch(r"[0-9a-fA-F]{64}", hexadecimal):
            raise KeysError(f"line {number} begins with {_HASH}: 64 hexadecimal digits must follow")
        return bytes.fromhex(hexadecimal)
    if not _PLAIN.fullmatch(word) or len(word) < LEAST_CHARS:
        raise KeysError(
            f"the key of line {number} has {len(word)} characters: at least {LEAST_CHARS} of ASCII are allowed"
        )
    return digest_of(word.encode())


def _option(word: str, position: int, number: int) -> tuple[str, str | int]:
    """What stands there is never told: of a key with a blank in it, it would be a part."""
    name, _, value = word.partition("=")
    if name == "name":
        if not _NAME.fullmatch(value):
            raise KeysError(f"name in line {number} is none: up to 64 letters, digits and ._@- are allowed")
        return name, value
    if name not in _RANGES:
        raise KeysError(f"word {position} of line {number} is no option: name=, {'=, '.join(_RANGES)}= are allowed")
    least, most = _RANGES[name]
    if not re.fullmatch(r"-?[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise KeysError(f"{name} in line {number} is out of range: a whole number from {least} to {most} is allowed")
    return name, int(value)
