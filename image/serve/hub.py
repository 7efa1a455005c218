"""`python -m serve pull`: weights from Hugging Face into the model cache. Goes on where an interrupted pull stopped.

huggingface_hub reads HF_ENDPOINT (a mirror), HF_TOKEN and HF_TOKEN_PATH by itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

from serve import weights
from serve.errors import SetupError


class Download(Protocol):
    """Gets one file of a repository into a folder, resuming what is there, and returns its path."""

    def __call__(self, *, repo: str, revision: str, file: str, folder: Path) -> Path:
        """Raises OSError or ValueError when it can't."""


def pull(
    *, repo: str, revision: str, file: str, target_dir: Path, sha256: str, download: Download | None = None
) -> str:
    """Download one file unless it is there and right. Returns what was done, in words."""
    name = Path(file).name  # a repository may keep it in a folder; the cache is flat
    weights.check_name(name)
    weights.check_folder(target_dir)
    target = target_dir / name
    if weights.is_right(target, sha256):
        return f"{target} is there and right: nothing to do"
    staging = target_dir / f".{name}.pull"  # stays when interrupted: the next pull goes on from it
    staging.mkdir(exist_ok=True)
    try:
        downloaded = (download or from_hugging_face)(repo=repo, revision=revision, file=file, folder=staging)
    except (OSError, ValueError) as error:
        raise SetupError(f"{repo}@{revision}/{file} can't be pulled: {error}") from error
    found = weights.file_sha256(downloaded)
    if found != sha256:
        shutil.rmtree(staging)
        raise SetupError(f"{repo}@{revision}/{file} has the SHA-256 {found}: {sha256} is wanted")
    weights.place(downloaded, target)
    shutil.rmtree(staging)
    return f"{target} is pulled"


def from_hugging_face(*, repo: str, revision: str, file: str, folder: Path) -> Path:
    """The real download, after a look at the size and the room."""
    # Only this command needs it, and it is slow to import.
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    size = get_hf_file_metadata(hf_hub_url(repo, file, revision=revision)).size
    have = sum(part.stat().st_size for part in folder.rglob("*.incomplete"))
    weights.check_room(folder, (size or 0) - have)
    return Path(hf_hub_download(repo, file, revision=revision, local_dir=folder))
