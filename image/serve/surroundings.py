"""What the server needs of its container, looked at before anything else: memory, whole libraries, its folders.

Each lack is one line and the end. A server that goes on without them looks alive, fails at its first request, and is
restarted for ever by whoever believes it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from serve.container import ROOT, read_memory
from serve.elf import check_whole
from serve.errors import SetupError

if TYPE_CHECKING:
    from serve.models import Models
    from serve.settings import Settings

# The HTTP process alone has 60 MB when it is idle, and each model a worker beside it.
LEAST_BYTES = 128 * 1024 * 1024
DEFAULT_CUBLAS = Path("/opt/slipway/cublas")
_MIB = 1024 * 1024


def check_memory(root: Path = ROOT) -> None:
    """SetupError where the kernel would end the server while it starts, without a word."""
    memory = read_memory(root)
    limits = [memory.total_bytes] if memory.is_bound else []
    limits += [limit for limit in map(_own_limit, (resource.RLIMIT_AS, resource.RLIMIT_DATA)) if limit is not None]
    if limits and min(limits) < LEAST_BYTES:
        raise SetupError(
            f"this process may take {min(limits) // _MIB} MiB of memory: the server needs {LEAST_BYTES // _MIB} MiB, "
            "and its models need theirs beside it"
        )


def check_surroundings(settings: Settings, libraries: Path) -> None:
    """The rest, once the settings are known. SetupError: something is missing."""
    check_models_dir(settings.models_dir)
    check_libraries(libraries, settings.cublas or DEFAULT_CUBLAS)
    own = {"STATE_DIR": settings.state_dir, "SLOT_SAVE_DIR": settings.slot_save_dir}
    for name, folder in (own | {"HISTORY_FILE": _parent(settings.history_file)}).items():
        if folder is not None:
            check_writable(name, folder)


def check_libraries(folder: Path, cublas: Path) -> None:
    """The loader dies of a library that was cut. Where this user may not look, there is none for it."""
    found = sorted(folder.glob("*.so*"))
    with contextlib.suppress(PermissionError):
        found += sorted(cublas.glob("*.so.*"))
    for library in found:
        check_whole(library)


def check_models_dir(folder: Path) -> None:
    """It must be there and be readable; who only serves what lies there needs no right to write."""
    name = "SLIPWAY_MODELS_DIR"
    if not folder.exists():
        raise SetupError(f"{name} is {folder}: there is no such folder")
    if not folder.is_dir():
        raise SetupError(f"{name} is {folder}: that is no folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SetupError(f"{name} is {folder}: {_who()} can't read it: {_whose(folder)}")


def check_can_pull(models: Models, folder: Path) -> None:
    """Weights that are to be pulled must have a place; such as are there, or are brought by others, have one."""
    for entry in models.models:
        if entry.source and not (folder / entry.file).exists() and not os.access(folder, os.W_OK):
            raise SetupError(
                f"SLIPWAY_MODELS_DIR is {folder}: the model {entry.id!r} is to be pulled into it, and "
                f"{_who()} can't write there: {_whose(folder)}"
            )


def check_writable(name: str, folder: Path) -> None:
    """A folder that a setting names is one to write to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        can_write = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise SetupError(f"SLIPWAY_{name}: {folder} can't be made by {_who()}: {error.strerror}") from error
    if not can_write:
        raise SetupError(f"SLIPWAY_{name}: {folder} can't be written to by {_who()}: {_whose(folder)}")


def _own_limit(kind: int) -> int | None:
    soft, _ = resource.getrlimit(kind)
    return None if soft == resource.RLIM_INFINITY else soft


def _parent(path: Path | None) -> Path | None:
    return None if path is None else path.parent


def _who() -> str:
    return f"user {os.geteuid()}, group {os.getegid()}"


def _whose(folder: Path) -> str:
    seen = folder.stat()
    return f"it belongs to user {seen.st_uid}, group {seen.st_gid}, with mode {stat.S_IMODE(seen.st_mode):04o}"
