"""What has to be there before the first `docker compose up`: .env and the files with secrets. Needs Python alone.

What is there stays as it is, so it can be run again. The API key is made here and shown once; its file has its hash.
Containers read these files as user 65534, so the files can be read by all, and their folder by its owner alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
EMPTY = {
    "hub-token": "a token of Hugging Face, for models that ask for one",
    "tunnel-token": "the token of a Cloudflare tunnel, for COMPOSE_PROFILES=tunnel",
    "webhook-url": "where the health monitor tells of changes, for COMPOSE_PROFILES=monitor",
}
"""Files that may stay empty -> what belongs there."""


def main(folder: Path = FOLDER, num_cores: int | None = None) -> list[str]:
    """Make what is missing; lines for whoever runs it."""
    lines = _make_env(folder / ".env", num_cores or os.cpu_count() or 1)
    place = folder / "secrets"
    place.mkdir(mode=0o700, exist_ok=True)
    for name, what in EMPTY.items():
        if not (place / name).exists():
            _write(place / name, "")
            lines.append(f"{place / name}: empty; {what}")
    keys = place / "api-keys"
    if not keys.exists():
        key = f"sk-{secrets.token_urlsafe(32)}"
        _write(keys, f"sha256:{hashlib.sha256(key.encode()).hexdigest()} name=me\n")
        lines.append(f"{keys}: made. The key itself is shown here and never again:\n\n    {key}\n")
    return lines or ["everything is there already"]


def _make_env(path: Path, num_cores: int) -> list[str]:
    if path.exists():
        return []
    text = path.with_name(".env.example").read_text(encoding="utf-8")
    _write(path, re.sub(r"(?m)^SLIPWAY_CPUS=.*$", f"SLIPWAY_CPUS={num_cores}", text), mode=0o600)
    return [f"{path}: made from .env.example"]


def _write(path: Path, text: str, mode: int = 0o444) -> None:
    """Whole or not at all, and never with more rights than it shall have."""
    partial = path.with_name(f".{path.name}.part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.chmod(mode)  # whatever the umask says
    partial.replace(path)


if __name__ == "__main__":
    sys.stdout.write("\n".join(main()) + "\n")
