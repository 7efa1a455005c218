"""One process at a time for one file, also over several nodes that share a volume.

Two Jobs of two models may want the same weights at the same moment: the second waits, and finds the file there. The
lock is the operating system's: it goes with the process, however that ends, so nobody ever waits for the dead. NFS
version 4 passes it on to all nodes; a file system that knows no locks lets everybody through, since a file is placed
whole anyway.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger(__name__)


@contextlib.contextmanager
def alone(target: Path, on_wait: Callable[[], None] = lambda: None, *, can_wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file that is about to be written. The lock's own file stays: removing it would break it.

    Whoever can't wait gets BlockingIOError where another process has it.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    fd = os.open(target.with_name(f".{target.name}.lock"), flags, 0o600)
    try:
        _lock(fd, target, on_wait, can_wait=can_wait)
        yield
    finally:
        os.close(fd)


def _lock(fd: int, target: Path, on_wait: Callable[[], None], *, can_wait: bool) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        if not can_wait:
            raise
        log.info("another process writes the same file: waiting for it", extra={"file": target.name})
        on_wait()
    except OSError as error:
        log.warning("this file system has no locks", extra={"file": target.name, "reason": error.strerror})
        return
    fcntl.flock(fd, fcntl.LOCK_EX)
