"""One run at a time: two that start or stop the same cluster would do everything twice.

The lock lies on the state folder itself, so no file of it stays behind, and the kernel drops it when its process ends,
however it ends.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.errors import ToolError


@contextmanager
def hold(state_dir: Path) -> Iterator[None]:
    """Keep other runs out while the block runs; fails at once when one is in it."""
    state_dir.mkdir(parents=True, exist_ok=True)
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolError(f"another run is at work on the cluster in {state_dir}: wait until it has ended") from None
        yield
    finally:
        os.close(folder)
