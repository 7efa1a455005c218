"""What Ingresses and HTTPRoutes let in."""

from typing import Any

from kube.objects import Object, Stack
from policies.facts.routes import Route, routes

NETWORKING, GATEWAY = "networking.k8s.io/v1", "gateway.networking.k8s.io/v1"


def found(api: str, kind: str, spec: Any, **annotations: str) -> list[Route]:
    """The routes of one object, in namespace `a`."""
    metadata = {"name": "x", "namespace": "a", "annotations": annotations}
    return list(routes(Stack((Object({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}),))))


def test_an_ingress_has_a_route_for_each_path_and_one_for_its_default() -> None:
    """The default is for any host and path; a number of a port goes before its name."""
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    named = {"service": {"name": "s", "port": {"name": "http"}}}
    paths = [{"path": "/v1", "pathType": "Prefix", "backend": backend}, {"path": "/", "pathType": "Exact"}]
    default, first, second = found(
        NETWORKING, "Ingress", {"defaultBackend": named, "rules": [{"host": "h", "http": {"paths": paths}}]}
    )
    assert (default.host, default.path, default.service, default.port) == (None, None, "s", "http")
    assert (first.host, first.path, first.is_exact) == ("h", "/v1", False)
    assert (first.namespace, first.service, first.port) == ("a", "s", 80)
    assert (second.path, second.is_exact, second.service) == ("/", True, None)
    assert first.place.path == "spec.rules[0].http.paths[0].path"


def test_a_rewritten_path_is_the_one_that_is_reached() -> None:
    """The annotation is for all paths of an Ingress."""
    spec = {"rules": [{"http": {"paths": [{"path": "/gemma", "pathType": "Prefix"}]}}]}
    rewritten = found(NETWORKING, "Ingress", spec, **{"nginx.ingress.kubernetes.io/rewrite-target": "/v1"})[-1]
    assert (rewritten.path, rewritten.reached, rewritten.is_exact) == ("/gemma", "/v1", True)


def test_an_http_route_has_a_route_for_each_match_and_service() -> None:
    """Without a match it is for any path; other kinds than Services are no backends of ours."""
    refs = [{"name": "s", "port": 80}, {"name": "t", "namespace": "b", "port": 81}, {"name": "u", "kind": "Pool"}]
    matches = [{"path": {"type": "Exact", "value": "/v1"}}, {"headers": []}]
    all_of_them = found(
        GATEWAY, "HTTPRoute", {"rules": [{"matches": matches, "backendRefs": refs}, {"backendRefs": refs}]}
    )
    assert [(r.path, r.is_exact, r.namespace, r.service, r.port) for r in all_of_them] == [
        ("/v1", True, "a", "s", 80),
        ("/v1", True, "b", "t", 81),
        (None, False, "a", "s", 80),
        (None, False, "b", "t", 81),
        (None, False, "a", "s", 80),
        (None, False, "b", "t", 81),
    ]


def test_a_pool_of_model_servers_stands_in_the_place_of_a_service() -> None:
    """It has a name of its own, which is none of a Service."""
    refs = [{"name": "p", "kind": "InferencePool", "port": 80}, {"name": "s", "kind": "Service"}]
    pool, service = found(GATEWAY, "HTTPRoute", {"rules": [{"backendRefs": refs}]})
    assert (pool.is_pool, pool.service, pool.port, pool.namespace) == (True, None, None, "a")
    assert (service.is_pool, service.service) == (False, "s")


def test_the_path_that_an_http_route_rewrites_to_is_the_one_that_is_reached() -> None:
    """Among filters of other types; of several, the last counts."""
    backends = [{"name": "s", "port": 80}]

    def reached(*rewrites: dict[str, str]) -> list[tuple[str, bool]]:
        filters = [{"type": "RequestMirror"}, *({"urlRewrite": {"path": each}} for each in rewrites)]
        spec = {"rules": [{"filters": filters, "backendRefs": backends}]}
        return [(route.reached, route.is_exact) for route in found(GATEWAY, "HTTPRoute", spec)]

    assert reached({"replaceFullPath": "/a"}) == [("/a", True)]
    assert reached({"replacePrefixMatch": "/a"}) == [("/a", False)]
    assert reached({"replaceFullPath": "/a"}, {"replaceFullPath": "/b"}) == [("/b", True)]


def test_every_http_route_of_a_stack_has_its_routes() -> None:
    """Not only the first."""
    spec = {"rules": [{"backendRefs": [{"name": "s", "port": 80}]}]}
    objects = [{"apiVersion": GATEWAY, "kind": "HTTPRoute", "metadata": {"name": n}, "spec": spec} for n in "ab"]
    stack = Stack(tuple(Object(each) for each in objects))
    assert [route.place.object.name for route in routes(stack)] == ["a", "b"]


def test_kinds_of_other_groups_have_no_routes() -> None:
    """An Ingress of OpenShift's configuration is none."""
    assert found("config.openshift.io/v1", "Ingress", {"rules": [{"http": {"paths": [{}]}}]}) == []
    assert found("example.com/v1", "HTTPRoute", {"rules": [{"backendRefs": [{"name": "s"}]}]}) == []
