"""Ingress objects become routes to ready pods."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.unit.tools import support
from tools.cluster import configs
from tools.cluster.ingress import INGRESSES, ROUTES, SERVICES, IngressController, routes


def ingress(name: str = "i", host: str | None = None, path: str = "/", **changes: Any) -> dict[str, Any]:
    backend = {"service": {"name": "model", "port": changes.pop("port", {"name": "http"})}}
    http = {"paths": [{"path": path, "pathType": changes.pop("path_type", "Prefix"), "backend": backend}]}
    rule: dict[str, Any] = {"http": http} | ({"host": host} if host else {})
    return {"metadata": {"name": name, "namespace": "ns"}, "spec": {"rules": [rule]} | changes}


SERVICE = {"metadata": {"name": "model", "namespace": "ns"}, "spec": {"ports": [{"name": "http", "port": 80}]}}


def endpoint_slice(*endpoints: tuple[str, bool]) -> dict[str, Any]:
    return {
        "metadata": {"name": "s", "namespace": "ns", "labels": {"kubernetes.io/service-name": "model"}},
        "ports": [{"name": "http", "port": 8000}],
        "endpoints": [{"addresses": [a], "conditions": {"ready": r}} for a, r in endpoints],
    }


def dials(route: dict[str, Any]) -> list[str]:
    return [u["dial"] for u in route["handle"][0]["upstreams"]]


def test_only_ready_pods_get_requests() -> None:
    """A pod that is starting or draining is no upstream."""
    [route] = routes([ingress()], [SERVICE], [endpoint_slice(("10.0.0.2", True), ("10.0.0.3", False))])
    assert dials(route) == ["10.0.0.2:8000"]


def test_a_service_without_ready_pods_answers_503() -> None:
    """Not 502 and not another route's answer."""
    [route] = routes([ingress()], [SERVICE], [endpoint_slice(("10.0.0.2", False))])
    assert route["handle"][0]["status_code"] == 503


def test_a_backend_port_can_be_named_by_number() -> None:
    """Both forms of the API reach the same pods."""
    [route] = routes([ingress(port={"number": 80})], [SERVICE], [endpoint_slice(("10.0.0.2", True))])
    assert dials(route) == ["10.0.0.2:8000"]


def test_hosts_come_before_any_host_and_longer_paths_before_shorter_ones() -> None:
    """Caddy takes the first route that matches, so the order decides."""
    objects = [
        ingress("a"),
        ingress("b", path="/v1"),
        ingress("c", host="m.test"),
        ingress("d", host="m.test", path="/v1"),
    ]
    found = [r["match"][0] for r in routes(objects, [SERVICE], [endpoint_slice(("10.0.0.2", True))])]
    assert [(m.get("host"), m["path"][0]) for m in found] == [
        (["m.test"], "/v1"), (["m.test"], "/"), (None, "/v1"), (None, "/"),
    ]  # fmt: skip


def test_a_prefix_matches_whole_path_elements_only() -> None:
    """/v1 serves /v1 and /v1/models, but not /v1x."""
    [route] = routes([ingress(path="/v1")], [SERVICE], [endpoint_slice(("10.0.0.2", True))])
    assert route["match"][0]["path"] == ["/v1", "/v1/*"]


def test_objects_of_other_classes_and_of_missing_services_make_no_route() -> None:
    """They are other controllers' business, or not served yet."""
    assert routes([ingress(ingressClassName="nginx")], [SERVICE], []) == []
    assert routes([ingress()], [], []) == []


def test_streams_are_flushed_at_once() -> None:
    """Tokens must not wait in the proxy's buffer."""
    [route] = routes([ingress()], [SERVICE], [endpoint_slice(("10.0.0.2", True))])
    assert route["handle"][0]["flush_interval"] == -1


class Caddy(httpx.MockTransport):
    """Keeps the configuration that was loaded, as the real one does."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.num_loads = 0
        super().__init__(self._answer)

    @property
    def routes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.config["apps"]["http"]["servers"]["ingress"]["routes"]
        return found

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            assert request.url.path == ROUTES
            return httpx.Response(200, json=self.routes)
        assert request.url.path == "/load"
        self.config = json.loads(request.content)
        self.num_loads += 1
        return httpx.Response(200)


class Api:
    """One Ingress, one Service, one ready pod."""

    def __init__(self) -> None:
        self.patched: list[str] = []

    def list(self, path: str) -> list[dict[str, Any]]:
        return {INGRESSES: [ingress()], SERVICES: [SERVICE]}.get(path, [endpoint_slice(("10.0.0.2", True))])

    def patch_status(self, path: str, status: dict[str, Any]) -> None:
        self.patched.append(path)


def test_a_proxy_that_was_started_again_gets_its_routes_back(tmp_path: Path) -> None:
    """Without any change in the API; and one that has them is left alone."""
    layout = support.layout(tmp_path)
    caddy, api = Caddy(configs.caddy_start(layout)), Api()
    controller = IngressController(api, layout, caddy)
    controller.reconcile()
    controller.reconcile()
    assert caddy.num_loads == 1
    caddy.config = configs.caddy_start(layout)
    controller.reconcile()
    assert dials(caddy.routes[0]) == ["10.0.0.2:8000"]
    assert api.patched[0] == "/apis/networking.k8s.io/v1/namespaces/ns/ingresses/i"
