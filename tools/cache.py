"""The cache folder: what in it is ours, and one writer at a time.

The folder may be one that the user shares with other things (SLIPWAY_CACHE_DIR), so only folders that are named here
are ever removed.
"""

from __future__ import annotations

import fcntl
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.errors import ToolError
from tools.settings import Settings

FOLDERS = ("toolchain", "base", "buildkit", "llama", "go", "peers", "models", "bench")
LOCK = "lock"


@contextmanager
def hold(cache_dir: Path, *, doing: str = "builds into") -> Iterator[None]:
    """Build alone: two runs at once would remove each other's half-made folders. Ends with the process, however."""
    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"... waiting: another run {doing} {cache_dir}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clean(settings: Settings) -> None:
    """Remove what is ours in the cache; refused while a cluster, running or stopped, needs it."""
    if (settings.state_dir / "cluster").exists():
        raise ToolError("the local cluster runs on what is in the cache: `make down` first")
    if not settings.cache_dir.exists():
        return
    with hold(settings.cache_dir):
        for name in FOLDERS:
            if (settings.cache_dir / name).exists():
                shutil.rmtree(settings.cache_dir / name)
