"""The keys that count now. Their files are looked at again while requests come, so a new key needs no restart.

A file that can't be used at the start is a SetupError; later the keys of before stay, and the log says why: a slip in
a Secret must not lock everybody out. Secrets of Kubernetes change by one swap of a link, so a file is seen whole.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serve.errors import SetupError
from serve.security.keys import Key, KeysError, check_together, digest_of, parse_keys
from serve.settings import PREFIX

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
MOST_BYTES: Final = 1024 * 1024
_Mark = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Where keys are, and the setting that says so."""

    setting: str
    path: Path
    is_admin: bool


class KeyRing:
    """All keys of all files. Without files everybody may ask."""

    def __init__(self, files: tuple[KeyFile, ...], clock: Callable[[], float]) -> None:
        self._files = files
        self._clock = clock
        self._looked_at = clock()
        self._marks = [_mark(file.path) for file in files]
        try:
            self._keys = _read_all(files)
        except KeysError as error:
            raise SetupError(str(error)) from error

    @property
    def asks_for_keys(self) -> bool:
        """Does a request to a model need one?"""
        return any(not file.is_admin for file in self._files)

    @property
    def has_admin_keys(self) -> bool:
        """Are administrators told from the others?"""
        return any(file.is_admin for file in self._files)

    def _now(self) -> tuple[Key, ...]:
        if self._clock() - self._looked_at >= LOOK_S:
            self._looked_at = self._clock()
            self._look()
        return self._keys

    def find(self, given: bytes) -> Key | None:
        """Whose key is it? All are compared, so the time that it takes says nothing about any of them."""
        digest, found = digest_of(given), None
        for key in self._now():
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def _look(self) -> None:
        marks = [_mark(file.path) for file in self._files]
        if marks == self._marks:
            return
        self._marks = marks  # what is broken is told once
        try:
            self._keys = _read_all(self._files)
        except KeysError as error:
            log.error("API keys stay as they were: %s", error)
        else:
            log.info("API keys were read again", extra={"num_keys": len(self._keys)})


def key_files(api_keys: Path | None, admin_keys: Path | None) -> tuple[KeyFile, ...]:
    """As the settings name them. Only a path is repeated in a message: in the wrong place there may be a key."""
    given = (("API_KEYS_FILE", api_keys, False), ("ADMIN_KEYS_FILE", admin_keys, True))
    for name, path, _ in given:
        if path is not None and not path.is_absolute():
            raise SetupError(f"{PREFIX}{name} is not an absolute path: the path of a file with keys is allowed")
    return tuple(KeyFile(f"{PREFIX}{name}", path, is_admin) for name, path, is_admin in given if path is not None)


def _mark(path: Path) -> _Mark | None:
    """Changes when the file does, or the link that leads to it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read_all(files: tuple[KeyFile, ...]) -> tuple[Key, ...]:
    keys = tuple(key for file in files for key in _read(file))
    try:
        check_together(keys)
    except KeysError as error:
        raise KeysError(f"{' and '.join(f'{file.setting} is {file.path}' for file in files)}: {error}") from error
    return keys


def _read(file: KeyFile) -> tuple[Key, ...]:
    where = f"{file.setting} is {file.path}"
    try:
        with file.path.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise KeysError(f"it has more than {MOST_BYTES} bytes")
        return parse_keys(raw.decode(), is_admin=file.is_admin)
    except OSError as error:
        raise KeysError(f"{where}: it can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise KeysError(f"{where}: it is no UTF-8 text") from None  # the error itself has the text in it
    except KeysError as error:
        raise KeysError(f"{where}: {error}") from error
