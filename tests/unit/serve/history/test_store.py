"""Histories in a file: what stays, what goes, what happens to a file that is damaged."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import SetupError
from serve.history.store import Store
from serve.history.types import Bounds, Owner, Turn

IMAGE = Path(__file__).parents[4] / "image"
ANNA, BEN = Owner("", "anna"), Owner("", "ben")
WIDE = Bounds(num_turns=100, user_bytes=10_000, num_users=100, total_bytes=100_000)


@contextmanager
def opened(path: Path | None, bounds: Bounds = WIDE) -> Iterator[Store]:
    """A store, closed at the end."""
    store = Store(path, bounds, lambda: 1_700_000_000.0)
    store.open()
    try:
        yield store
    finally:
        store.close()


def turn(number: int, size: int = 2, at: float | None = None) -> Turn:
    """A turn of so many bytes."""
    return Turn(f"{number % 10}", "a" * (size - 1), "m", float(number) if at is None else at)


def said(store: Store, owner: Owner) -> list[tuple[int, str]]:
    """What is left of a user."""
    return [(each.number, each.question) for each in store.turns(owner)]


def test_turns_are_there_again_after_a_restart(tmp_path: Path) -> None:
    """In their order, with all that was said, by whom and when."""
    path = tmp_path / "not yet" / "history.sqlite3"
    with opened(path) as store:
        store.append(ANNA, Turn("Wie geht's? 🙂", "Gut.\n", "m", 12.5))
        store.append(ANNA, turn(1))
    with opened(path) as store:
        assert store.turns(ANNA) == [Turn("Wie geht's? 🙂", "Gut.\n", "m", 12.5, 0), Turn("1", "a", "m", 1.0, 1)]
        assert store.turns(BEN) == []


def test_only_its_own_user_can_read_the_file(tmp_path: Path) -> None:
    """What users said is in it."""
    with opened(tmp_path / "h"):
        for path in tmp_path.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_killed_process_loses_nothing_that_it_has_kept(tmp_path: Path) -> None:
    """SIGKILL comes while it writes; all turns that it had said were kept are there."""
    path = tmp_path / "h"
    program = f"""
        from pathlib import Path
        from serve.history.store import Store
        from serve.history.types import Bounds, Owner, Turn
        store = Store(Path({str(path)!r}), Bounds(num_turns=1000), lambda: 0.0)
        for number in range(1000):
            store.append(Owner("", "anna"), Turn(str(number), "a", "m", 1.0))
            print(number, flush=True)
    """
    environ = {**os.environ, "PYTHONPATH": str(IMAGE)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], env=environ, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 20:
                child.send_signal(signal.SIGKILL)
                break
        kept = 20 + len(child.stdout.readlines())
    with opened(path) as store:
        assert [each.question for each in store.turns(ANNA)][: kept + 1] == [str(n) for n in range(kept + 1)]


def test_users_of_different_keys_never_meet(tmp_path: Path) -> None:
    """Also those with the same name."""
    with opened(tmp_path / "h") as store:
        store.append(Owner("team-a", "anna"), turn(1))
        store.append(Owner("team-b", "anna"), turn(2))
        assert store.clear(Owner("team-a", "anna")) == 1
        assert said(store, Owner("team-b", "anna")) == [(0, "2")]


def test_the_oldest_turns_go_first() -> None:
    """By number, by bytes; what is left keeps its numbers, and the next ones go on from there."""
    with opened(None, Bounds(num_turns=3, user_bytes=10, num_users=9, total_bytes=99)) as store:
        for number in range(5):
            store.append(ANNA, turn(number))
        assert said(store, ANNA) == [(2, "2"), (3, "3"), (4, "4")]
        store.append(ANNA, turn(5, size=8))
        assert said(store, ANNA) == [(4, "4"), (5, "5")]
        store.append(ANNA, turn(6, size=11))  # more than all that may be
        assert said(store, ANNA) == []
        store.append(ANNA, turn(7))
        assert said(store, ANNA) == [(7, "7")]


def test_who_said_nothing_for_longest_goes_first() -> None:
    """By number of users, by bytes of all; never the one who speaks."""
    users = [Owner("", f"u{number}") for number in range(4)]
    with opened(None, Bounds(num_turns=9, user_bytes=99, num_users=3, total_bytes=20)) as store:
        for at, user in enumerate((users[0], users[1], users[2], users[0], users[3])):
            store.append(user, turn(0, at=float(at)))
        assert [len(store.turns(user)) for user in users] == [2, 0, 1, 1]
        store.append(users[3], turn(0, size=17, at=9.0))
        assert [len(store.turns(user)) for user in users] == [0, 0, 0, 2]


def test_a_clock_that_went_back_does_no_harm() -> None:
    """The present speaker stays, though it seems to be the one of longest ago."""
    with opened(None, Bounds(num_turns=9, user_bytes=99, num_users=1, total_bytes=99)) as store:
        store.append(ANNA, turn(0, at=100.0))
        store.append(BEN, turn(1, at=1.0))
        assert (store.turns(ANNA), said(store, BEN)) == ([], [(0, "1")])


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 12)), max_size=40))
def test_the_bounds_hold_after_every_turn(story: list[tuple[int, int]]) -> None:
    """Whoever says whatever: turns and bytes of each, users and bytes of all, and what is left is the newest."""
    bounds = Bounds(num_turns=4, user_bytes=20, num_users=3, total_bytes=40)
    with opened(None, bounds) as store:
        for at, (user, size) in enumerate(story):
            store.append(Owner("", f"u{user}"), turn(at, size, float(at)))
            left = [turns for number in range(5) if (turns := store.turns(Owner("", f"u{number}")))]
            sizes = [sum(each.num_bytes for each in turns) for turns in left]
            assert len(left) <= 3
            assert sum(sizes) <= 40
            assert all(len(turns) <= 4 for turns in left)
            assert all(size <= 20 for size in sizes)
            for turns in left:
                assert [each.number for each in turns] == list(range(turns[0].number, turns[0].number + len(turns)))


def test_what_is_forgotten_is_not_in_the_file_any_more(tmp_path: Path) -> None:
    """Neither in it nor in what lies beside it, while the server runs on."""
    with opened(tmp_path / "h") as store:
        store.append(ANNA, Turn("my secret", "hush", "m", 1.0))
        assert store.clear(ANNA) == 1
        assert store.clear(ANNA) == 0
        assert all(b"secret" not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("start", [0, 24, 4096])
def test_a_damaged_file_is_moved_aside_and_said(tmp_path: Path, start: int, caplog: pytest.LogCaptureFixture) -> None:
    """Its head, its size, its pages: a new one begins, and the old bytes are still there."""
    path = tmp_path / "h"
    with opened(path) as store:
        for number in range(50):
            store.append(ANNA, turn(number, size=500))
    good = path.read_bytes()
    path.write_bytes(bad := good[:start] + b"\xa5" * (len(good) - start))
    store = Store(path, WIDE, lambda: 1_700_000_000.0)
    store.append(ANNA, turn(1))
    assert said(store, ANNA) == [(0, "1")]
    store.close()
    assert (tmp_path / "h.damaged-1700000000").read_bytes() == bad
    assert "is damaged" in caplog.text


def test_a_place_where_nothing_can_be_kept_is_said_at_the_start(tmp_path: Path) -> None:
    """A directory in its place, a file in the way, a newer version of it."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "h"):
        with pytest.raises(SetupError, match="can't be kept in"):
            Store(path, WIDE, lambda: 0.0).open()
    newer = sqlite3.connect(tmp_path / "newer")
    newer.execute("PRAGMA user_version = 2")
    newer.close()
    with pytest.raises(SetupError, match="is of version 2: this server knows 1"):
        Store(tmp_path / "newer", WIDE, lambda: 0.0).open()
    assert not list(tmp_path.glob("*damaged*"))


def test_two_servers_of_a_rolling_restart_share_the_file(tmp_path: Path) -> None:
    """What one keeps the other reads."""
    with opened(tmp_path / "h") as old, opened(tmp_path / "h") as new:
        old.append(ANNA, turn(0))
        new.append(ANNA, turn(1))
        assert said(old, ANNA) == said(new, ANNA) == [(0, "0"), (1, "1")]
