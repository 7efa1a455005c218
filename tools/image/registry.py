"""Manifests, configurations and blobs of an OCI or Docker v2 registry, over plain HTTP on this machine.

Each blob is a stream, and what it must hash to is checked at its end: a registry that sends something else is an error,
not a smaller image. Knows nothing of what is in a layer.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import httpx

from tools.image import layout
from tools.image.errors import ImageUnreadable

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
PLATFORM = ("linux", "amd64")
TIMEOUT_S = 30.0
CHUNK_BYTES = 1 << 20
_NAME = re.compile(
    r"(?P<registry>[^/]+:\d+)/(?P<repository>[a-z0-9._/-]+?)(?::(?P<tag>[\w.-]+))?(?P<digest>@sha256:[0-9a-f]{64})?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an image is: `HOST:PORT/REPOSITORY:TAG` or `...@sha256:...`; where both are given, the digest counts."""

    registry: str
    repository: str
    version: str

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.registry}/{self.repository}{'@' if ':' in self.version else ':'}{self.version}"


@dataclass(frozen=True, slots=True)
class Blob:
    """What a manifest says of a blob."""

    digest: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image for one platform."""

    digest: str
    config: Blob
    layers: tuple[Blob, ...]

    @property
    def compressed_bytes(self) -> int:
        """What a node that has nothing of it pulls."""
        return sum({blob.digest: blob.size_bytes for blob in (self.config, *self.layers)}.values())


def parse(text: str) -> Reference:
    """`127.0.0.1:5000/slipway-serve:cpu`, or `oci:FOLDER` (layout.py); ImageUnreadable says what is allowed."""
    if text.startswith(layout.PREFIX):
        return Reference(layout.HOST, layout.repository(text), "latest")
    match = _NAME.fullmatch(text)
    if not match:
        raise ImageUnreadable(f"{text!r} is not an image in a registry: HOST:PORT/REPOSITORY[:TAG][@sha256:...] is")
    digest = (match["digest"] or "").removeprefix("@")
    return Reference(match["registry"], match["repository"], digest or match["tag"] or "latest")


@contextmanager
def client() -> Iterator[httpx.Client]:
    """Straight to the registry: a proxy of this machine knows nothing of its loopback."""
    mounts = {f"http://{layout.HOST}": layout.Transport()}
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False, mounts=mounts) as made:
        yield made


def manifest(http: httpx.Client, ref: Reference, platform: tuple[str, str] = PLATFORM) -> Manifest:
    """The image's manifest; of an index the one of `platform`."""
    found, digest = _get_manifest(http, ref, ref.version)
    if "manifests" in found:
        found, digest = _get_manifest(http, ref, _choose(ref, found["manifests"], platform))
    try:
        return Manifest(digest, _blob(found["config"]), tuple(_blob(layer) for layer in found["layers"]))
    except (KeyError, TypeError) as error:
        raise ImageUnreadable(f"{ref}: its manifest lacks {error}") from None


def config(http: httpx.Client, ref: Reference, image: Manifest) -> dict[str, Any]:
    """The image's configuration: environment, user, labels, history."""
    with blob(http, ref, image.config) as stream:
        read: dict[str, Any] = json.loads(stream.read())
        return read


@contextmanager
def blob(http: httpx.Client, ref: Reference, wanted: Blob) -> Iterator[IO[bytes]]:
    """A blob as a file to read; what the reader leaves is read here, so that the digest is always checked."""
    url = f"http://{ref.registry}/v2/{ref.repository}/blobs/{wanted.digest}"
    try:
        with http.stream("GET", url, follow_redirects=True) as answer:
            _need_ok(answer, ref, url)
            raw = _Checked(answer.iter_raw(CHUNK_BYTES))
            with io.BufferedReader(raw, CHUNK_BYTES) as stream:
                yield stream
                while stream.read(CHUNK_BYTES):
                    pass
                if raw.digest != wanted.digest:
                    raise ImageUnreadable(f"{ref}: blob {wanted.digest} has the content of {raw.digest}")
    except httpx.HTTPError as error:
        raise ImageUnreadable(f"{ref}: {url}: {error or type(error).__name__}") from None


class _Checked(io.RawIOBase):
    """Chunks as a file that hashes what passes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = memoryview(b"")
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Of all that has passed."""
        return f"sha256:{self._hash.hexdigest()}"

    def readable(self) -> bool:
        """A file to read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; 0 at the end."""
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._hash.update(chunk)
            self._left = memoryview(chunk)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _get_manifest(http: httpx.Client, ref: Reference, version: str) -> tuple[dict[str, Any], str]:
    url = f"http://{ref.registry}/v2/{ref.repository}/manifests/{version}"
    try:
        answer = http.get(url, headers={"Accept": ", ".join((*INDEXES, *MANIFESTS))})
    except httpx.HTTPError as error:
        raise ImageUnreadable(f"{ref}: {url}: {error or type(error).__name__}") from None
    _need_ok(answer, ref, url)
    digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
    if ":" in version and digest != version:
        raise ImageUnreadable(f"{ref}: manifest {version} has the content of {digest}")
    return json.loads(answer.content), digest


def _need_ok(answer: httpx.Response, ref: Reference, url: str) -> None:
    if answer.status_code != httpx.codes.OK:
        raise ImageUnreadable(f"{ref}: {url} answers {answer.status_code}")


def _choose(ref: Reference, entries: list[Mapping[str, Any]], platform: tuple[str, str]) -> str:
    """Attestations are manifests of the platform unknown/unknown, so they are never chosen."""
    offered = {}
    for entry in entries:
        about = entry.get("platform") or {}
        offered[about.get("os"), about.get("architecture")] = str(entry["digest"])
    if platform not in offered:
        there = ", ".join(sorted(f"{os}/{arch}" for os, arch in offered if os != "unknown"))
        raise ImageUnreadable(f"{ref}: no image for {'/'.join(platform)}; there is {there or 'none'}")
    return offered[platform]


def _blob(described: Mapping[str, Any]) -> Blob:
    return Blob(str(described["digest"]), int(described["size"]), str(described["mediaType"]))
