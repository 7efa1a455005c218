"""Tests of serve.pulls.digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.pulls.digest import CHUNK_BYTES, Digest


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    """An open, empty file."""
    number = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield number
    os.close(number)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 7])
@pytest.mark.parametrize("there", [0, 1, CHUNK_BYTES])
def test_it_is_the_sum_of_what_was_there_and_what_came(fd: int, size: int, there: int) -> None:
    """In pieces of any size."""
    content = os.urandom(there + size)
    os.pwrite(fd, content[:there], 0)
    digest = Digest(fd, there)
    done = there
    while done < len(content):
        done += os.pwrite(fd, content[done : done + 300_001], done)
        digest.grew(done)
    told: list[int] = []
    assert digest.result(told.append) == hashlib.sha256(content).hexdigest()
    assert told[-1] == len(content)
    digest.close()


def test_a_file_that_somebody_made_shorter_is_an_error(fd: int) -> None:
    """Instead of a wait for ever."""
    digest = Digest(fd, 100)
    with pytest.raises(OSError, match="made shorter by somebody else"):
        digest.result(lambda _: None)
    digest.close()


def test_it_can_be_ended_at_any_time(fd: int) -> None:
    """Also in the middle, and before anything came."""
    os.pwrite(fd, bytes(CHUNK_BYTES), 0)
    for size in (0, 10, CHUNK_BYTES):
        Digest(fd, size).close()
