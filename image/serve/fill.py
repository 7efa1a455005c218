"""`python -m serve fill`: weights from a mounted image volume into the model cache, checked by SHA-256."""

from __future__ import annotations

import contextlib
from pathlib import Path

from serve import weights
from serve.alone import alone
from serve.errors import SetupError
from serve.progress import Progress


def fill(*, source_dir: Path, target_dir: Path, file: str, sha256: str, stored: str | None = None) -> str:
    """Copy one file unless it is there and right, as `stored` if that is given. Returns what was done, in words."""
    source, target = source_dir / file, target_dir / (stored or file)
    weights.check_name(file)
    weights.check_name(stored or file)
    weights.check_folder(target_dir)
    with alone(target) if stored else contextlib.nullcontext():  # else it has the cache for itself
        if weights.is_right(target, sha256):
            return f"{target} is there and right: nothing to do"
        if not source.is_file():
            raise SetupError(f"{source} is missing")
        weights.copy(source, target, sha256, Progress(f"copying {file}", source.stat().st_size))
    return f"{target} is filled"
