"""Plays metrics-server and a metrics adapter: every pod is as busy as the test says, by whatever it is measured.

An aggregated API as any other: the API server finds it by a Service, and it needs no rights of its own.
"""

from __future__ import annotations

import datetime
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.integration.plugins.control_plane import ControlPlane

RESOURCE, CUSTOM = "metrics.k8s.io/v1beta1", "custom.metrics.k8s.io/v1beta2"
API_SERVICES: Final = "/apis/apiregistration.k8s.io/v1/apiservices"
SERVICE: Final = {"name": "metrics", "namespace": "default"}

Object = dict[str, Any]


class Metrics:
    """What is served; `cpu` of each container in millicores, `value` of each metric of a pod."""

    def __init__(self, http: httpx.Client) -> None:
        self.cpu = 0
        self.value = 0
        self._http = http

    def answer(self, path: str, query: dict[str, list[str]]) -> Object | None:
        """To a GET of a path; None for one that is not there."""
        parts = path.strip("/").split("/")
        if len(parts) < 5:
            return self._discovery("/".join(parts[1:3]))
        pods = self._pods(parts[4], query.get("labelSelector", [""])[0])
        now = datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if parts[1] == "metrics.k8s.io":
            return {"kind": "PodMetricsList", "apiVersion": RESOURCE, "items": [self._usage(pod, now) for pod in pods]}
        items = [self._measured(pod, parts[-1], now) for pod in pods]
        return {"kind": "MetricValueList", "apiVersion": CUSTOM, "metadata": {}, "items": items}

    def _pods(self, namespace: str, selector: str) -> list[Object]:
        answer = self._http.get(f"/api/v1/namespaces/{namespace}/pods", params={"labelSelector": selector})
        items: list[Object] = answer.json()["items"]
        return items

    def _usage(self, pod: Object, now: str) -> Object:
        used = {"cpu": f"{self.cpu}m", "memory": "1Gi"}
        containers = [{"name": each["name"], "usage": used} for each in pod["spec"]["containers"]]
        return {"metadata": _named(pod), "timestamp": now, "window": "1s", "containers": containers}

    def _measured(self, pod: Object, metric: str, now: str) -> Object:
        described = {"kind": "Pod", "apiVersion": "/v1", **_named(pod)}
        return {
            "describedObject": described, "metric": {"name": metric}, "timestamp": now, "value": str(self.value),
        }  # fmt: skip

    def _discovery(self, version: str) -> Object:
        pods = {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [pods]}


def _named(pod: Object) -> Object:
    return {key: pod["metadata"][key] for key in ("name", "namespace")}


@contextmanager
def served(plane: ControlPlane) -> Iterator[Metrics]:
    """Until the end of the block; the API server has the two APIs as long."""
    metrics = Metrics(plane.http)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = json.dumps(metrics.answer(url.path, parse_qs(url.query))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The API server's log has it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(plane.folder / "certs" / "apiserver.crt", plane.folder / "certs" / "apiserver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _register(plane.http, server.server_port)
    try:
        yield metrics
    finally:
        for version in (RESOURCE, CUSTOM):
            plane.http.delete(f"{API_SERVICES}/{_service_name(version)}")
        plane.http.delete("/api/v1/namespaces/default/services/metrics")
        server.shutdown()
        server.server_close()
        thread.join()


def _register(http: httpx.Client, port: int) -> None:
    """By a name that leads to this machine: a Service may not lead to a loopback address."""
    spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
    metadata = {"name": SERVICE["name"]}
    http.post("/api/v1/namespaces/default/services", json={"metadata": metadata, "spec": spec}).raise_for_status()
    for version in (RESOURCE, CUSTOM):
        group, _, number = version.partition("/")
        api = {
            "group": group, "version": number, "groupPriorityMinimum": 100, "versionPriority": 100,
            "service": {**SERVICE, "port": port}, "insecureSkipTLSVerify": True,
        }  # fmt: skip
        named = {"metadata": {"name": _service_name(version)}, "spec": api}
        http.post(API_SERVICES, json=named).raise_for_status()


def _service_name(version: str) -> str:
    group, _, number = version.partition("/")
    return f"{number}.{group}"
