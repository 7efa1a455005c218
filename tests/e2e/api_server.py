"""The API server of the cluster under test, asked directly: hundreds of requests are too many for kubectl."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from policies.admission.resources import RESOURCES

_WARNED = re.compile(r"ValidatingAdmissionPolicy '([^']+)'")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server says of one request: `body` is the object as it would be stored, or a Status."""

    status: int
    body: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def warned_by(self) -> frozenset[str]:
        """Names of the policies that it warns of."""
        return frozenset(name for text in self.warnings for name in _WARNED.findall(text))

    @property
    def is_accepted(self) -> bool:
        """Whether the object would be stored."""
        return self.status in (200, 201)


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A connection as the user of a kubeconfig."""

    client: httpx.Client

    def create(self, data: Mapping[str, Any], *, dry_run: bool = False) -> Answer:
        """Create an object; in the namespace `default` if it names none."""
        return self._send("POST", path_of(data), data, {"dryRun": "All"} if dry_run else {})

    def replace(self, path: str, data: Mapping[str, Any], *, dry_run: bool = False) -> Answer:
        """Replace an object or a subresource."""
        return self._send("PUT", path, data, {"dryRun": "All"} if dry_run else {})

    def get(self, path: str) -> Answer:
        """What is at a path."""
        return self._send("GET", path)

    def delete(self, path: str) -> Answer:
        """Remove what is at a path."""
        return self._send("DELETE", path)

    def _send(self, method: str, path: str, data: Any = None, parameters: Mapping[str, str] | None = None) -> Answer:
        response = self.client.request(method, path, json=data, params=dict(parameters or {}))
        is_json = "json" in response.headers["content-type"]  # not where it serves no such API at all
        body = response.json() if is_json else {"message": response.text}
        return Answer(response.status_code, body, tuple(response.headers.get_list("warning")))


def path_of(data: Mapping[str, Any], name: str = "") -> str:
    """Where objects of that kind and namespace are; with a name, the one."""
    version, kind = data["apiVersion"], data["kind"]
    resource = RESOURCES.get(kind)
    plural, is_namespaced = (resource.plural, resource.is_namespaced) if resource else (_plural(kind), False)
    base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    namespace = data.get("metadata", {}).get("namespace") or "default"
    return "/".join([base, *(["namespaces", namespace] if is_namespaced else []), plural, *([name] if name else [])])


def _plural(kind: str) -> str:
    return f"{kind.lower().removesuffix('y')}ies" if kind.endswith("y") else f"{kind.lower()}s"


@contextmanager
def connect(kubeconfig: Path) -> Iterator[ApiServer]:
    """Speak to the server of a kubeconfig's current context."""
    config = yaml.safe_load(kubeconfig.read_text())
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
    tls.load_cert_chain(user["client-certificate"], user["client-key"])
    with httpx.Client(base_url=cluster["server"], verify=tls, trust_env=False, timeout=120) as client:
        yield ApiServer(client)


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)
