"""Histories in one SQLite file. Each call is one transaction, on the disk before it returns. For one thread at a time.

A file that is damaged is moved aside, under a name with the time, and a new one begins: one bad block must not keep
everybody from chatting, and whoever wants to save what can be saved finds all of it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from serve.errors import SetupError
from serve.history.types import Bounds, Owner, Turn

log = logging.getLogger(__name__)

VERSION = 1
WAIT_S = 5.0  # for another process that has the file, as in a rolling restart
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SIDE_FILES = ("-wal", "-shm")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS users (
    key TEXT NOT NULL, user TEXT NOT NULL, next_number INTEGER NOT NULL, num_bytes INTEGER NOT NULL,
    last_at REAL NOT NULL, PRIMARY KEY (key, user)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS users_by_age ON users (last_at);
CREATE TABLE IF NOT EXISTS turns (
    key TEXT NOT NULL, user TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, model TEXT NOT NULL,
    question TEXT NOT NULL, answer TEXT NOT NULL, num_bytes INTEGER NOT NULL, PRIMARY KEY (key, user, number)
) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
Result = TypeVar("Result")


class Store:
    """`path` None: in memory, for as long as the process lives."""

    def __init__(self, path: Path | None, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._path = path
        self._bounds = bounds
        self._clock = clock
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """SetupError: there can't be a history in this place. Without it, the first call opens."""
        try:
            self._done(lambda _: None)
        except (OSError, sqlite3.Error) as error:
            raise SetupError(f"the history can't be kept in {self._path}: {error}") from error

    def turns(self, owner: Owner) -> list[Turn]:
        """A user's, the oldest first."""
        return self._done(lambda db: _turns(db, owner))

    def append(self, owner: Owner, turn: Turn) -> None:
        """One more, under the next number; what is too much now goes."""

        def work(db: sqlite3.Connection) -> None:
            _append(db, owner, turn)
            _forget_turns(db, owner, self._bounds)
            _forget_users(db, owner, self._bounds)

        self._done(work)

    def clear(self, owner: Owner) -> int:
        """Forget a user; how many turns there were. The words are gone from the file, too."""
        num_turns = self._done(lambda db: _clear(db, owner))
        if num_turns:
            self._done(lambda db: db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall(), in_one=False)
        return num_turns

    def close(self) -> None:
        """The file is whole without us at any time; this only tidies up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _done(self, work: Callable[[sqlite3.Connection], Result], *, in_one: bool = True) -> Result:
        """What it returns, all of it done or nothing, once more in a new file where the old one is damaged."""
        try:
            return self._try(work, in_one=in_one)
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", None)
            if self._path is None or code is None or code & 0xFF not in _DAMAGED:
                raise
            self._move_aside(str(error))
        return self._try(work, in_one=in_one)

    def _try(self, work: Callable[[sqlite3.Connection], Result], *, in_one: bool) -> Result:
        if self._connection is None:
            self._connection = _connected(self._path)
        db = self._connection
        if not in_one:
            return work(db)
        db.execute("BEGIN IMMEDIATE")
        try:
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite has done so itself after some errors
                db.execute("ROLLBACK")
            raise
        return result

    def _move_aside(self, why: str) -> None:
        assert self._path is not None
        with suppress(sqlite3.Error):
            self.close()
        self._connection = None
        aside = self._path.with_name(f"{self._path.name}.damaged-{int(self._clock())}")
        for end in ("", *_SIDE_FILES):
            with suppress(FileNotFoundError):
                Path(f"{self._path}{end}").replace(f"{aside}{end}")
        log.error("the history in %s is damaged (%s): it is now %s, and a new one begins", self._path, why, aside)


def _connected(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # what users said is nobody else's business
    db = sqlite3.connect(":memory:" if path is None else path, WAIT_S, isolation_level=None, check_same_thread=False)
    db.text_factory = lambda text: text.decode(errors="replace")
    try:
        with closing(db.cursor()) as cursor:
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")  # a turn is there, whatever happens to the machine
            cursor.execute("PRAGMA secure_delete = ON")
            (version,) = cursor.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise SetupError(f"the history in {path} is of version {version}: this server knows {VERSION}")
            if version < VERSION:
                cursor.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _turns(db: sqlite3.Connection, owner: Owner) -> list[Turn]:
    found = db.execute(
        "SELECT question, answer, model, at, number FROM turns WHERE key = ? AND user = ? ORDER BY number",
        (owner.key, owner.user),
    )
    return [Turn(*row) for row in found]


def _append(db: sqlite3.Connection, owner: Owner, turn: Turn) -> None:
    (number,) = db.execute(
        "INSERT INTO users VALUES (?, ?, 1, 0, ?) ON CONFLICT DO UPDATE SET next_number = next_number + 1, "
        "last_at = excluded.last_at RETURNING next_number - 1",
        (owner.key, owner.user, turn.at),
    ).fetchone()
    row = (owner.key, owner.user, number, turn.at, turn.model, turn.question, turn.answer, turn.num_bytes)
    db.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _forget_turns(db: sqlite3.Connection, owner: Owner, bounds: Bounds) -> None:
    """The oldest of a user, until the rest is within the bounds."""
    whose = (owner.key, owner.user)
    sizes = db.execute(
        "SELECT number, num_bytes FROM turns WHERE key = ? AND user = ? ORDER BY number", whose
    ).fetchall()
    num_turns, num_bytes = len(sizes), sum(size for _, size in sizes)
    for number, size in sizes:
        if num_turns <= bounds.num_turns and num_bytes <= bounds.user_bytes:
            break
        db.execute("DELETE FROM turns WHERE key = ? AND user = ? AND number = ?", (*whose, number))
        num_turns, num_bytes = num_turns - 1, num_bytes - size
    db.execute("UPDATE users SET num_bytes = ? WHERE key = ? AND user = ?", (num_bytes, *whose))


def _forget_users(db: sqlite3.Connection, owner: Owner, bounds: Bounds) -> None:
    """Those who said nothing for longest, until all are within the bounds; never the one who speaks now."""
    num_users, num_bytes = db.execute("SELECT count(*), sum(num_bytes) FROM users").fetchone()
    while num_users > bounds.num_users or num_bytes > bounds.total_bytes:
        oldest = db.execute(
            "SELECT key, user, num_bytes FROM users WHERE (key, user) <> (?, ?) ORDER BY last_at LIMIT 1",
            (owner.key, owner.user),
        ).fetchone()
        if oldest is None:
            return
        _clear(db, Owner(*oldest[:2]))
        num_users, num_bytes = num_users - 1, num_bytes - oldest[2]


def _clear(db: sqlite3.Connection, owner: Owner) -> int:
    whose = (owner.key, owner.user)
    num_turns = db.execute("DELETE FROM turns WHERE key = ? AND user = ?", whose).rowcount
    db.execute("DELETE FROM users WHERE key = ? AND user = ?", whose)
    return num_turns
