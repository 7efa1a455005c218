"""Puts a document beside an image in its registry, as the OCI distribution specification has it: a referrer.

The document is a manifest of its own whose `subject` is the image's digest; the image itself stays as it is, with its
digest. A registry that knows referrers says so in its answer (`OCI-Subject`). For the others, among them CNCF's
distribution, the list of referrers is kept by us under the tag that the specification names for it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx

from tools.image.errors import ImageUnreadable
from tools.image.registry import INDEXES, MANIFESTS, Reference

EMPTY = b"{}"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
INDEX_TYPE, MANIFEST_TYPE = INDEXES[0], MANIFESTS[0]
SUBJECT_HEADER = "OCI-Subject"
CREATED = "org.opencontainers.image.created"


def attach(http: httpx.Client, image: Reference, document: bytes, media_type: str, created: str) -> str:
    """Push the document for `image`, which names a manifest by digest; the digest of what refers to it.

    The same document for the same image is the same manifest: attached twice, it is there once.
    """
    content = _manifest(_subject(http, image), document, media_type, created)
    for blob in (EMPTY, document):
        _push_blob(http, image, blob)
    digest = digest_of(content)
    answer = _put(http, image, digest, content, MANIFEST_TYPE)
    if SUBJECT_HEADER not in answer.headers:
        _add_to_list(http, image, _entry(content, media_type, created))
    return digest


def referrers(http: httpx.Client, image: Reference, artifact_type: str) -> tuple[str, ...]:
    """Digests of what is attached to an image, of one type; by the API, or by the tag where there is no API."""
    url = f"http://{image.registry}/v2/{image.repository}/referrers/{image.version}"
    answer = http.get(url, params={"artifactType": artifact_type})
    if answer.status_code == httpx.codes.OK:
        listed = answer.json().get("manifests", [])
    else:
        listed = _list(http, image)["manifests"]
    # A registry may leave the filter out (the specification allows it).
    return tuple(entry["digest"] for entry in listed if entry.get("artifactType") == artifact_type)


def digest_of(content: bytes) -> str:
    """As registries name content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _manifest(subject: dict[str, Any], document: bytes, media_type: str, created: str) -> bytes:
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": media_type,
        "config": {"mediaType": EMPTY_TYPE, "digest": digest_of(EMPTY), "size": len(EMPTY)},
        "layers": [{"mediaType": media_type, "digest": digest_of(document), "size": len(document)}],
        "subject": subject,
        "annotations": {CREATED: created},
    }
    return json.dumps(manifest, separators=(",", ":")).encode()


def _entry(manifest: bytes, media_type: str, created: str) -> dict[str, Any]:
    return {
        "mediaType": MANIFEST_TYPE,
        "digest": digest_of(manifest),
        "size": len(manifest),
        "artifactType": media_type,
        "annotations": {CREATED: created},
    }


def _subject(http: httpx.Client, image: Reference) -> dict[str, Any]:
    answer = http.get(_manifest_url(image, image.version), headers={"Accept": ", ".join((*INDEXES, *MANIFESTS))})
    _need(answer, image, httpx.codes.OK)
    media_type = answer.headers.get("Content-Type", MANIFEST_TYPE)
    return {"mediaType": media_type, "digest": digest_of(answer.content), "size": len(answer.content)}


def _push_blob(http: httpx.Client, image: Reference, content: bytes) -> None:
    digest, blobs = digest_of(content), f"http://{image.registry}/v2/{image.repository}/blobs"
    if http.head(f"{blobs}/{digest}").status_code == httpx.codes.OK:
        return
    begun = http.post(f"{blobs}/uploads/")
    _need(begun, image, httpx.codes.ACCEPTED)
    where = httpx.URL(begun.url).join(begun.headers["Location"]).copy_merge_params({"digest": digest})
    ended = http.put(where, content=content, headers={"Content-Type": "application/octet-stream"})
    _need(ended, image, httpx.codes.CREATED)


def _add_to_list(http: httpx.Client, image: Reference, entry: dict[str, Any]) -> None:
    listed = _list(http, image)
    others = [each for each in listed["manifests"] if each["digest"] != entry["digest"]]
    content = json.dumps({**listed, "manifests": [*others, entry]}, separators=(",", ":")).encode()
    _put(http, image, _tag(image), content, INDEX_TYPE)


def _list(http: httpx.Client, image: Reference) -> dict[str, Any]:
    answer = http.get(_manifest_url(image, _tag(image)), headers={"Accept": INDEX_TYPE})
    if answer.status_code == httpx.codes.NOT_FOUND:
        return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}
    _need(answer, image, httpx.codes.OK)
    found: dict[str, Any] = answer.json()
    return found


def _tag(image: Reference) -> str:
    """The referrers tag of the specification: the digest, with a dash for its colon."""
    return image.version.replace(":", "-")


def _manifest_url(image: Reference, version: str) -> str:
    return f"http://{image.registry}/v2/{image.repository}/manifests/{version}"


def _put(http: httpx.Client, image: Reference, version: str, content: bytes, media_type: str) -> httpx.Response:
    answer = http.put(_manifest_url(image, version), content=content, headers={"Content-Type": media_type})
    _need(answer, image, httpx.codes.CREATED)
    return answer


def _need(answer: httpx.Response, image: Reference, status: int) -> None:
    if answer.status_code != status:
        raise ImageUnreadable(f"{image}: {answer.request.method} {answer.url.path} answers {answer.status_code}")
