"""`python -m serve pull`: weights from Hugging Face into the model cache. Goes on where an interrupted pull stopped.

huggingface_hub reads HF_ENDPOINT (a mirror), HF_TOKEN and HF_TOKEN_PATH by itself.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Protocol

from serve import weights
from serve.errors import SetupError


class Hub(Protocol):
    """What is asked of a hub. Raises OSError or ValueError when it can't."""

    def sha256(self, *, repo: str, revision: str, file: str) -> str | None:
        """The SHA-256 that the hub itself has recorded for a file."""

    def download(self, *, repo: str, revision: str, file: str, folder: Path) -> Path:
        """Get one file into a folder, resuming what is there, and return its path."""


def pull(
    *, repo: str, revision: str, file: str, target_dir: Path, sha256: str | None = None, hub: Hub | None = None
) -> str:
    """Download one file unless it is there and right. Returns what was done, in words.

    Without `sha256` the hub's own record decides: that finds a broken transfer, but not a file that was exchanged.
    """
    hub = hub or HuggingFace()
    source = f"{repo}@{revision}/{file}"
    name = Path(file).name  # a repository may keep it in a folder; the cache is flat
    weights.check_name(name)
    weights.check_folder(target_dir)
    target = target_dir / name
    try:
        wanted = sha256 or hub.sha256(repo=repo, revision=revision, file=file)
        if wanted is None:
            raise SetupError(f"{source} has no SHA-256 on the hub: name one with --sha256")
        if weights.is_right(target, wanted):
            return f"{target} is there and right: nothing to do"
        staging = target_dir / f".{name}.pull"  # stays when interrupted: the next pull goes on from it
        staging.mkdir(exist_ok=True)
        downloaded = hub.download(repo=repo, revision=revision, file=file, folder=staging)
    except (OSError, ValueError) as error:
        raise SetupError(f"{source} can't be pulled: {error}") from error
    found = weights.file_sha256(downloaded)
    if found != wanted:
        shutil.rmtree(staging)
        raise SetupError(f"{source} has the SHA-256 {found}: {wanted} is wanted")
    weights.place(downloaded, target)
    shutil.rmtree(staging)
    return f"{target} is pulled"


class HuggingFace:
    """The real hub. Only `pull` needs its client, which is slow to import."""

    def sha256(self, *, repo: str, revision: str, file: str) -> str | None:
        """The etag of a large file is its SHA-256; small files have another kind of etag."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        etag = get_hf_file_metadata(hf_hub_url(repo, file, revision=revision)).etag or ""
        return etag if re.fullmatch(r"[0-9a-f]{64}", etag) else None

    def download(self, *, repo: str, revision: str, file: str, folder: Path) -> Path:
        """After a look at the size and the room."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

        size = get_hf_file_metadata(hf_hub_url(repo, file, revision=revision)).size
        have = sum(part.stat().st_size for part in folder.rglob("*.incomplete"))
        weights.check_room(folder, (size or 0) - have)
        return Path(hf_hub_download(repo, file, revision=revision, local_dir=folder))
