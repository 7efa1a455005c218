"""`python -m serve pull`: weights from Hugging Face into the model cache.

huggingface_hub goes on by itself where a connection broke. It never goes on from what a killed process left: its
partial files have names of their own. So each pull begins by removing them, or they would fill the volume.
It reads HF_ENDPOINT (a mirror), HF_TOKEN and HF_TOKEN_PATH by itself.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from serve import weights
from serve.alone import alone
from serve.errors import SetupError


class Hub(Protocol):
    """What is asked of a hub. Any exception means that it can't."""

    def sha256(self, *, repo: str, revision: str, file: str) -> str | None:
        """The SHA-256 that the hub itself has recorded for a file."""

    def download(self, *, repo: str, revision: str, file: str, folder: Path) -> Path:
        """Get one file into an empty folder and return its path."""


def pull(
    *,
    repo: str,
    revision: str,
    file: str,
    target_dir: Path,
    sha256: str | None = None,
    stored: str | None = None,
    hub: Hub | None = None,
) -> str:
    """Download one file unless it is there and right, as `stored` if that is given. Returns what was done, in words.

    Without `sha256` the hub's own record decides: that finds a broken transfer, but not a file that was exchanged.
    """
    source = f"{repo}@{revision}/{file}"
    name = Path(file).name if stored is None else stored  # a repository may keep it in a folder; the cache is flat
    weights.check_name(name)
    weights.check_folder(target_dir)
    try:
        with alone(target_dir / name) if stored else contextlib.nullcontext():  # else it has the cache for itself
            return _pull(hub or HuggingFace(), repo, revision, file, target_dir / name, sha256)
    except SetupError:
        raise
    except Exception as error:  # the client and its transfer library raise many kinds, also RuntimeError
        raise SetupError(f"{source} can't be pulled: {_one_line(error)}") from error


def _pull(hub: Hub, repo: str, revision: str, file: str, target: Path, sha256: str | None) -> str:
    source = f"{repo}@{revision}/{file}"
    wanted = sha256 or hub.sha256(repo=repo, revision=revision, file=file)
    if wanted is None:
        raise SetupError(f"{source} has no SHA-256 on the hub: name one with --sha256")
    if weights.is_right(target, wanted):
        return f"{target} is there and right: nothing to do"
    with _empty_folder(target.with_name(f".{target.name}.pull")) as staging:
        downloaded = hub.download(repo=repo, revision=revision, file=file, folder=staging)
        found = weights.file_sha256(downloaded)
        if found != wanted:
            raise SetupError(f"{source} has the SHA-256 {found}: {wanted} is wanted")
        weights.place(downloaded, target)
    return f"{target} is pulled"


@contextlib.contextmanager
def _empty_folder(path: Path) -> Iterator[Path]:
    """Without what a killed process left in it; gone at the end, however that comes."""
    if path.exists():
        shutil.rmtree(path)
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)  # what stays is removed by the next pull; the first error counts


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


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
        weights.check_room(folder, size or 0)
        return Path(hf_hub_download(repo, file, revision=revision, local_dir=folder))
