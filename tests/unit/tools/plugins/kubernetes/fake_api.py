"""A small API server in memory, behind the real HTTP client: enough to create, apply, replace and delete."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tools.plugins.kubernetes.client import Client
from tools.plugins.kubernetes.cluster import Cluster
from tools.plugins.kubernetes.credentials import Credentials
from tools.plugins.kubernetes.discovery import Discovery
from tools.plugins.kubernetes.kubeconfig import Access

KINDS = {
    "v1": [
        ("ConfigMap", "configmaps", True),
        ("Event", "events", True),
        ("Namespace", "namespaces", False),
        ("PersistentVolumeClaim", "persistentvolumeclaims", True),
        ("Pod", "pods", True),
        ("Secret", "secrets", True),
        ("Service", "services", True),
    ],
    "apps/v1": [("Deployment", "deployments", True), ("ReplicaSet", "replicasets", True)],
    "apiextensions.k8s.io/v1": [("CustomResourceDefinition", "customresourcedefinitions", False)],
    "batch/v1": [("Job", "jobs", True)],
}
ACCESS = Access(server="http://api.test", namespace="", user={}, cluster={})


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    params: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]


@dataclass
class FakeApi:
    """The server; give `handle` to httpx.MockTransport."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, list[tuple[str, str, bool]]] = field(default_factory=lambda: copy.deepcopy(KINDS))
    asked: list[Asked] = field(default_factory=list)
    failures: list[httpx.Response | Exception] = field(default_factory=list)
    """What the next writing requests are answered with instead."""
    normalise: Callable[[dict[str, Any]], None] = lambda obj: None
    """What the server does to an object before it keeps it."""
    warning: str = ""

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        body = json.loads(request.content) if request.content else None
        asked = Asked(request.method, request.url.path, dict(request.url.params), body, dict(request.headers))
        self.asked.append(asked)
        if self.failures and request.method != "GET":
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        return self._answer(asked)

    def put(self, path: str, obj: Mapping[str, Any]) -> dict[str, Any]:
        """Keep an object as it is; `path` is its own."""
        kept = copy.deepcopy(dict(obj))
        kept.setdefault("metadata", {}).setdefault("uid", f"uid-{len(self.objects)}")
        self.objects[path] = kept
        return kept

    def writes(self) -> list[Asked]:
        """The requests that change something, or would."""
        return [one for one in self.asked if one.method != "GET"]

    def _answer(self, asked: Asked) -> httpx.Response:
        if asked.path == "/version":
            return httpx.Response(200, json={"gitVersion": "v1.36.0"})
        version = asked.path.removeprefix("/apis/").removeprefix("/api/")
        if asked.method == "GET" and version in self.kinds:
            resources = [{"kind": k, "name": n, "namespaced": s} for k, n, s in self.kinds[version]]
            return httpx.Response(200, json={"resources": [*resources, {"kind": "Scale", "name": "a/b"}]})
        if asked.method == "POST":
            return self._create(asked)
        if asked.path not in self.objects:
            listed = self._list(asked)
            return listed or (self._apply(asked, {}) if asked.method == "PATCH" else status(404, "NotFound"))
        live = self.objects[asked.path]
        if asked.method == "PATCH":
            return self._patch(asked, live) if isinstance(asked.body, list) else self._apply(asked, live)
        if asked.method == "PUT":
            return self._keep(asked, asked.path, {**asked.body, "status": live.get("status", {})})
        if asked.method == "DELETE" and not live["metadata"].get("finalizers"):
            del self.objects[asked.path]
        return httpx.Response(200, json=live)

    def _create(self, asked: Asked) -> httpx.Response:
        path = f"{asked.path}/{asked.body['metadata']['name']}"
        parts = asked.path.split("/namespaces/")
        if len(parts) == 2:
            namespace = parts[1].split("/")[0]
            if namespace != "default" and f"/api/v1/namespaces/{namespace}" not in self.objects:
                return status(404, "NotFound", f'namespaces "{namespace}" not found', {"kind": "namespaces"})
        if path in self.objects:
            return status(409, "AlreadyExists", f"{asked.body['metadata']['name']} already exists")
        return self._keep(asked, path, asked.body)

    def _apply(self, asked: Asked, live: dict[str, Any]) -> httpx.Response:
        return self._keep(asked, asked.path, merged(live, asked.body))

    def _patch(self, asked: Asked, live: dict[str, Any]) -> httpx.Response:
        for step in asked.body:
            if step["path"] == "/metadata/managedFields":
                live["metadata"]["managedFields"] = step["value"]
        return httpx.Response(200, json=live)

    def _keep(self, asked: Asked, path: str, obj: Mapping[str, Any]) -> httpx.Response:
        before = self.objects.get(path, {}).get("metadata", {})
        kept = copy.deepcopy(dict(obj))
        kept["metadata"]["uid"] = before.get("uid", f"uid-{len(self.asked)}")
        kept["metadata"]["resourceVersion"] = str(len(self.asked))
        manager: dict[str, Any] = {"manager": asked.params.get("fieldManager"), "operation": "Update", "fieldsV1": {}}
        kept["metadata"].setdefault("managedFields", [manager])
        self.normalise(kept)
        if asked.params.get("dryRun") != "All":
            self.objects[path] = kept
        headers = {"Warning": f'299 - "{self.warning}"'} if self.warning else {}
        return httpx.Response(201, json=kept, headers=headers)

    def _list(self, asked: Asked) -> httpx.Response | None:
        plurals = {plural for kinds in self.kinds.values() for _, plural, _ in kinds}
        if asked.method != "GET" or asked.path.rpartition("/")[2] not in plurals:
            return None
        wanted = dict(pair.split("=") for pair in asked.params.get("labelSelector", "").split(",") if pair)
        found = [
            obj
            for path, obj in self.objects.items()
            if path.startswith(asked.path + "/") and wanted.items() <= obj["metadata"].get("labels", {}).items()
        ]
        return httpx.Response(200, json={"items": found})


def status(code: int, reason: str, message: str = "no", details: Mapping[str, Any] | None = None) -> httpx.Response:
    """An error, as the API server words it."""
    return httpx.Response(code, json={"kind": "Status", "reason": reason, "message": message, "details": details or {}})


def merged(live: Any, wanted: Any) -> Any:
    """Objects are merged, everything else is replaced."""
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {**live, **{key: merged(live.get(key), value) for key, value in wanted.items()}}
    return wanted


def client_of(handler: Callable[[httpx.Request], httpx.Response], access: Access = ACCESS) -> Client:
    """The real client before a handler."""
    return Client(access, Credentials(access, {}), transport=httpx.MockTransport(handler))


def cluster_of(api: FakeApi) -> Cluster:
    """The real cluster before the fake server."""
    client = client_of(api.handle)
    return Cluster(client, Discovery(lambda path: client.request("GET", path).body))
