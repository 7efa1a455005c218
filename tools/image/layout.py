"""An OCI layout on disk, read as if it were a registry: `oci:FOLDER`, as `--output type=oci,tar=false` writes it.

Where an image is judged before anybody pushes it (a pull request), there is no registry to ask. So a transport of the
HTTP client answers what a registry would, from the folder's files, and all that reads registries reads layouts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

import httpx

PREFIX = "oci:"
HOST = "oci-layout"
"""No machine's name: requests for it never leave this process."""


def repository(text: str) -> str:
    """`oci:images/cpu` -> what stands for a repository's name in addresses that `Transport` understands."""
    return quote(str(Path(text.removeprefix(PREFIX)).absolute()))


class Transport(httpx.BaseTransport):
    """Answers `/v2/FOLDER/manifests/...` and `/v2/FOLDER/blobs/...`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """200 with the file, or 404."""
        quoted, kind, version = request.url.path.removeprefix("/v2/").rsplit("/", 2)
        folder = Path(unquote(quoted))
        try:
            digest = version if ":" in version else _only_image(folder)
            path = _blob(folder, digest)
            if kind == "manifests":
                return httpx.Response(httpx.codes.OK, content=path.read_bytes(), request=request)
            return httpx.Response(httpx.codes.OK, stream=_File(path.open("rb")), request=request)
        except (OSError, LookupError, ValueError):
            return httpx.Response(httpx.codes.NOT_FOUND, request=request)


class _File(httpx.SyncByteStream):
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        """In pieces: a layer has hundreds of megabytes."""
        while piece := self._file.read(1 << 20):
            yield piece

    def close(self) -> None:
        """With the answer."""
        self._file.close()


def _only_image(folder: Path) -> str:
    """The one image of the layout, whatever its platform; attestations beside it are manifests of no platform."""
    listed = json.loads((folder / "index.json").read_text(encoding="utf-8"))["manifests"]
    while True:
        [entry] = [each for each in listed if (each.get("platform") or {}).get("os") != "unknown"]
        content = json.loads(_blob(folder, entry["digest"]).read_text(encoding="utf-8"))
        if "manifests" not in content:
            return str(entry["digest"])
        listed = content["manifests"]


def _blob(folder: Path, digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    if not value.isalnum():
        raise ValueError(digest)
    return folder / "blobs" / algorithm / value
