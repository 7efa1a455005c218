"""Images made in memory, and a registry that serves them: what the judges of images are shown."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tools.image.layers import File

HOST = "127.0.0.1:5000"
REF = f"{HOST}/made:1"
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
TYPES = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE,
         "device": tarfile.CHRTYPE}  # fmt: skip


def digest(content: bytes) -> str:
    """As registries name content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def file(path: str, **about: Any) -> File:
    """A plain file of root's, but for what is said."""
    defaults: dict[str, Any] = {"kind": "file", "mode": 0o644, "uid": 0, "gid": 0}
    return File(path, **(defaults | about))


def root(*files: File) -> dict[str, File]:
    """As a judge gets them."""
    return {f.path: f for f in files}


def layer(files: Iterable[File], contents: Mapping[str, bytes] | None = None) -> bytes:
    """A tar of them."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for each in files:
            content = (contents or {}).get(each.path, b"x" * each.size_bytes)
            info = tarfile.TarInfo(f"./{each.path}")
            info.type, info.mode, info.uid, info.gid = TYPES[each.kind], each.mode, each.uid, each.gid
            info.linkname, info.size = each.target, len(content) if each.kind == "file" else 0
            info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in each.xattrs.items()}
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@dataclass(slots=True)
class Registry:
    """Answers as a registry does, from memory."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)

    def add(self, content: bytes) -> dict[str, Any]:
        """A blob; what a manifest says of it."""
        self.blobs[digest(content)] = content
        return {"digest": digest(content), "size": len(content), "mediaType": GZIP}

    def push(self, tag: str, layers: Iterable[bytes], config: Mapping[str, Any] | None = None) -> str:
        """An image; its digest."""
        described = [self.add(gzip.compress(content, mtime=0)) for content in layers]
        about = self.add(json.dumps(config or {}).encode())
        return self.tag(tag, {"mediaType": MANIFEST, "config": about, "layers": described})

    def tag(self, tag: str, manifest: Mapping[str, Any]) -> str:
        """Whatever manifest; its digest."""
        content = json.dumps(manifest).encode()
        self.manifests |= {tag: content, digest(content): content}
        return digest(content)

    def client(self) -> httpx.Client:
        """A client that talks to nobody else."""
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        kind, name = request.url.path.rsplit("/", 2)[1:]
        found = (self.manifests if kind == "manifests" else self.blobs).get(name)
        return httpx.Response(404) if found is None else httpx.Response(200, stream=httpx.ByteStream(found))
