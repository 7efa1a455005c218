"""A document lies beside its image, once, found by the API or by the tag that stands for it."""

import json

import httpx
import pytest

from tests.unit.tools.image.made import HOST, INDEX, MANIFEST, Registry, digest
from tools.image.errors import ImageUnreadable
from tools.image.registry import Reference
from tools.image.sbom import attach

TYPE = "application/vnd.cyclonedx+json"
DOCUMENT = b'{"bomFormat": "CycloneDX"}'


class Writable:
    """A registry that can be pushed to; with `has_api` it keeps the list of referrers itself."""

    def __init__(self, *, has_api: bool) -> None:
        self.kept, self.has_api, self.is_readonly = Registry(), has_api, False
        self.image = Reference(HOST, "made", self.kept.push("1", [b"layer"]))

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        kind, name = request.url.path.rsplit("/", 2)[1:]
        if request.method in ("GET", "HEAD"):
            return self._list(name, request) if kind == "referrers" else self._read(kind, name)
        if self.is_readonly:
            return httpx.Response(405)
        if request.method == "POST":
            return httpx.Response(202, headers={"Location": "/v2/made/blobs/uploads/7?state=x"})
        if kind == "uploads":
            assert request.url.params["state"] == "x"
            assert request.url.params["digest"] == digest(request.content)
            self.kept.blobs[digest(request.content)] = request.content
            return httpx.Response(201)
        self.kept.manifests |= {name: request.content, digest(request.content): request.content}
        subject = json.loads(request.content).get("subject")
        return httpx.Response(201, headers={"OCI-Subject": subject["digest"]} if subject and self.has_api else {})

    def _read(self, kind: str, name: str) -> httpx.Response:
        found = (self.kept.manifests if kind == "manifests" else self.kept.blobs).get(name)
        if found is None:
            return httpx.Response(404)
        media_type = INDEX if b'"manifests"' in found else MANIFEST
        return httpx.Response(200, content=found, headers={"Content-Type": media_type})

    def _list(self, of: str, request: httpx.Request) -> httpx.Response:
        if not self.has_api:
            return httpx.Response(404)
        listed = [
            {"digest": name, "artifactType": json.loads(content)["artifactType"]}
            for name, content in self.kept.manifests.items()
            if json.loads(content).get("subject", {}).get("digest") == of and ":" in name
        ]
        return httpx.Response(200, json={"manifests": listed})


@pytest.mark.parametrize("has_api", [False, True], ids=["by tag", "by API"])
def test_a_document_is_found_from_its_image_and_names_it(has_api: bool) -> None:
    """The image's manifest is what it was."""
    registry = Writable(has_api=has_api)
    with registry.client() as http:
        made = attach.attach(http, registry.image, DOCUMENT, TYPE, "2026-01-01T00:00:00Z")
        assert attach.referrers(http, registry.image, TYPE) == (made,)
        assert attach.referrers(http, registry.image, "application/other") == ()
    manifest = json.loads(registry.kept.manifests[made])
    assert manifest["subject"]["digest"] == registry.image.version
    assert manifest["subject"]["size"] == len(registry.kept.manifests[registry.image.version])
    assert registry.kept.blobs[manifest["layers"][0]["digest"]] == DOCUMENT
    assert (registry.image.version.replace(":", "-") in registry.kept.manifests) is not has_api


def test_attached_twice_it_is_there_once_and_another_beside_it() -> None:
    """A repeat pushes nothing anew."""
    registry = Writable(has_api=False)
    with registry.client() as http:
        one = [attach.attach(http, registry.image, DOCUMENT, TYPE, "2026-01-01T00:00:00Z") for _ in range(2)]
        other = attach.attach(http, registry.image, b"{}", TYPE, "2026-01-01T00:00:00Z")
        assert attach.referrers(http, registry.image, TYPE) == (one[0], other)
    assert one[0] == one[1]


def test_a_registry_that_takes_nothing_is_one_line() -> None:
    """With what was asked, and the answer."""
    registry = Writable(has_api=False)
    registry.is_readonly = True
    with registry.client() as http, pytest.raises(ImageUnreadable, match="POST /v2/made/blobs/uploads/ answers 405"):
        attach.attach(http, registry.image, DOCUMENT, TYPE, "2026-01-01T00:00:00Z")
