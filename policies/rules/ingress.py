"""The ways in from outside: encrypted, for hosts that are named, to Services that are there."""

import re
from collections.abc import Iterator
from typing import Any

from kube.objects import Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import Finding, View
from policies.facts.answers import every, some
from policies.facts.pod_index import namespace_of
from policies.facts.routes import GATEWAY_GROUP, INGRESS_GROUPS, Route, http_routes, ingresses, routes
from policies.rule import MANDATORY, Findings, object_rule, stack_rule
from policies.settings import Settings

PLAIN = {
    ("kubernetes.io/ingress.allow-http", "true"),
    ("nginx.ingress.kubernetes.io/ssl-redirect", "false"),
}
"""Annotations that serve plain HTTP beside TLS."""
INJECTED = re.compile(
    r"\b(alias|root)\b.*;|_by_lua|/etc/(passwd|shadow|group|nginx|ingress-controller)|/var/run/secrets"
)
"""What turns a value into configuration of nginx, or into its secrets; so that CEL can say it, too."""
ALLOWING = ("data", "allow-snippet-annotations")
"""In the configuration of ingress-nginx."""


@object_rule(
    "Ingress",
    "Gateway",
    why="Without TLS everybody on the way reads the prompts, the answers and the keys.",
    source="Kyverno require-ingress-https; Gatekeeper httpsonly; Polaris tlsSettingsMissing",
    level=MANDATORY,
    bad="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: a.example.com}]}}
    """,
    good="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {
      tls: [{hosts: [a.example.com], secretName: a}], rules: [{host: a.example.com}]}}
    """,
)
def ingress_tls(entry: View, _settings: Settings) -> Findings:
    """Every host that is named has TLS, and none is served without it; a redirect to HTTPS is no service.

    `localhost` and the names below it never leave the machine (RFC 6761), so they need none. A Gateway may have a plain
    listener beside one with TLS for the same host name: that is how it redirects.
    """
    if entry.object.kind == "Gateway":
        yield from _plain_listeners(entry) if entry.object.group == GATEWAY_GROUP else ()
    elif entry.object.group in INGRESS_GROUPS:
        yield from _hosts_without_tls(entry)
        for annotation, value in PLAIN:
            if entry.at("metadata.annotations").text((annotation,)) == value:
                yield entry.bad(("metadata", "annotations", annotation), f"must not be {value!r}: it serves plain HTTP")


@stack_rule(
    why="A wildcard host or a missing Service answers requests that were meant for somebody else, or none.",
    source="kube-linter dangling-ingress; Kyverno disallow-empty-ingress-host, unique-ingress-host-and-path",
    level=MANDATORY,
    bad="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: "*.example.com"}]}}
    """,
    good="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: a.example.com, http: {
      paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {name: http}}}}]}}]}}
    ---
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{name: http, port: 80}]}}
    """,
)
def ingress_host_explicit(stack: Stack, _settings: Settings) -> Findings:
    """Hosts are named, no path of a host is promised twice, and Services exist where the stack makes any.

    HTTPRoutes without hosts have those of their listeners; those of a Service are no way in. They may promise a path
    twice: the Gateway API says which one wins, and headers tell them apart.
    """
    for ingress in ingresses(stack):
        hosts = [rule.at("host") for rule in ingress.items("spec.rules")]
        yield from _unnamed(ingress.at("spec.rules"), hosts, None)
    for route in http_routes(stack):
        named = _is_named_above(stack, route)
        if named is not True:
            yield from _unnamed(route.at("spec.hostnames"), route.items("spec.hostnames"), named)
    yield from _promised_twice(stack)
    yield from _without_service(stack)


@object_rule(
    "Ingress",
    "ConfigMap",
    why="A snippet is configuration of the proxy of all tenants, written by one; an alias is a host without TLS.",
    source="CVE-2021-25742; Checkov CKV_K8S_152..154; Kyverno restrict-annotations; Trivy KCV-0093",
    level=MANDATORY,
    bad="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress,
     metadata: {name: a, annotations: {nginx.ingress.kubernetes.io/configuration-snippet: "deny all;"}}}
    """,
    good="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress,
     metadata: {name: a, annotations: {nginx.ingress.kubernetes.io/proxy-buffering: "off"}}}
    """,
)
def ingress_no_snippets(ingress: View, _settings: Settings) -> Findings:
    """No annotation carries a snippet, be it inside a value, none gives the host another name; nginx allows none."""
    if ingress.object.kind == "ConfigMap":
        if ingress.text(ALLOWING) == "true":
            yield ingress.bad(ALLOWING, "must not be 'true'")
        return
    annotations = ingress.at("metadata.annotations")
    for name in annotations.expect(dict, "a mapping") or ():
        if "snippet" in name or name.endswith("/server-alias"):
            yield annotations.bad((name,), "must not be set")
        elif "nginx" in name and INJECTED.search(str(annotations.text((name,)))):
            yield annotations.bad((name,), "must not carry configuration of the proxy, nor paths of its own files")


def _hosts_without_tls(ingress: View) -> Iterator[Finding]:
    covered = [name for entry in ingress.items("spec.tls") for name in _names(entry)]
    rules = ingress.items("spec.rules")
    if not covered:
        backend = ingress.get("spec.defaultBackend")
        is_alone = UNKNOWN if backend is UNKNOWN else backend is None
        answer = every([is_alone, *(_is_this_machine(rule.text("host")) for rule in rules)])
        if answer is not True:
            message = "must be set: without it, all hosts are served in the clear"
            yield ingress.bad("spec.tls", message, ingress.get("spec.tls"), answer)
        return
    for rule in rules:
        host = rule.text("host")
        answer = some([host is None, _is_this_machine(host), _is_covered(host, covered)])
        if answer is not True:
            yield rule.bad("host", "is in no entry of spec.tls", answer)


def _is_this_machine(host: Any) -> Any:
    if isinstance(host, str):
        return host == "localhost" or host.endswith(".localhost")
    return UNKNOWN if host is UNKNOWN else False


def _plain_listeners(gateway: View) -> Iterator[Finding]:
    secure: list[Any] = []
    for listener in gateway.items("spec.listeners"):
        protocol = listener.text("protocol")
        if protocol is UNKNOWN or protocol in ("HTTPS", "TLS"):
            secure.append(UNKNOWN if protocol is UNKNOWN else listener.text("hostname"))
    for listener in gateway.items("spec.listeners"):
        if listener.text("protocol") == "HTTP":
            answer = _is_covered(listener.text("hostname"), secure)
            if answer is not True:
                yield listener.bad("protocol", "must be HTTPS, or beside a listener with HTTPS for that host", answer)


def _names(entry: View) -> list[Any]:
    """The hosts of an entry of spec.tls; without any it is for every host."""
    return [each.text("") for each in entry.items("hosts")] or [None]


def _is_covered(host: Any, names: list[Any]) -> Any:
    return some(_covers(name, host) for name in names)


def _covers(name: Any, host: Any) -> Any:
    """Whether a name, which may have a wildcard for its first label, means a host; None means every one."""
    if name is None:
        return True
    if is_unknown(name, host):
        return UNKNOWN
    return name == host or (host is not None and name == f"*.{host.partition('.')[2]}")


def _unnamed(place: View, hosts: list[View], named: Any) -> Iterator[Finding]:
    if not hosts:
        yield place.bad("", "must name hosts: without any, every host is meant", place.data, named)
    for host in hosts:
        value = host.text("")
        if _is_whole(value) is False:
            yield host.bad("", "must be the whole name of a host")


def _is_whole(host: Any) -> Any:
    return UNKNOWN if host is UNKNOWN else bool(host) and "*" not in host


def _is_named_above(stack: Stack, route: View) -> Any:
    """Whether a route that names no hosts has parents that do. All of them count."""
    parents = route.items("spec.parentRefs")
    is_silent = bool(parents) and not route.items("spec.hostnames")
    gateways = [parent for parent in parents if parent.text("kind") != "Service"]
    return every([is_silent, *(_names_hosts(stack, route, gateway) for gateway in gateways)])


def _names_hosts(stack: Stack, route: View, parent: View) -> Any:
    """Whether each listener of a Gateway that a parent means has the whole name of a host."""
    namespace, section = parent.text("namespace"), parent.text("sectionName")
    if namespace is None:
        namespace = namespace_of(route.object, route.trace)
    gateway = stack.lookup("Gateway", namespace, parent.text("name"))
    if not isinstance(gateway, View):
        return UNKNOWN if gateway is UNKNOWN else False
    meant = [each for each in gateway.items("spec.listeners") if section in (None, each.get("name"))]
    return every([bool(meant), *(_is_whole(each.text("hostname")) for each in meant)])


def _promised_twice(stack: Stack) -> Iterator[Finding]:
    """A canary's path is another one's on purpose."""
    canary = ("metadata", "annotations", "nginx.ingress.kubernetes.io/canary")
    seen: set[tuple[Any, ...]] = set()
    for route in routes(stack):
        promised = (route.host, route.path, route.kind)
        whole = route.place.object.view(route.place.trace)
        if whole.object.kind != "Ingress" or route.kind is None or is_unknown(*promised) or whole.get(canary) == "true":
            continue
        if promised in seen:
            yield route.place.bad("", "is promised by another rule for this host already", whole.get(canary))
        seen.add(promised)


def _without_service(stack: Stack) -> Iterator[Finding]:
    complete = {namespace_of(service.object, stack.trace) for service in stack.of_kind("Service")}
    for route in routes(stack):
        if route.service is None:
            continue
        service = stack.lookup("Service", route.namespace, route.service)
        if isinstance(service, View):
            yield from _without_port(route, service)
        elif route.namespace in complete:
            message = f"there is no Service {route.service!r} in {route.namespace!r}"
            yield route.backend.bad("", message, service)


def _without_port(route: Route, service: View) -> Iterator[Finding]:
    offered = [port.get(field) for port in service.items("spec.ports") for field in ("name", "port")]
    if route.port not in offered:
        message = f"Service {service.object.name!r} has no such port"
        yield route.backend.bad("", message, route.port, service.get("spec.ports"), *offered)
