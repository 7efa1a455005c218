"""What of a model server can be reached from outside, and whether it can reach the cloud's credentials."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN
from kube.view import Finding, View
from policies.facts.answers import every, some
from policies.facts.model_server import arguments, is_model_server
from policies.facts.network_policies import covers, opens_all
from policies.facts.pod_index import PodIndex, index
from policies.facts.routes import Route, routes
from policies.rule import MANDATORY, Findings, object_rule, stack_rule
from policies.settings import Settings

METADATA = [ipaddress.ip_network(each) for each in ("169.254.169.254/32", "fd00:ec2::254/128")]
"""Where clouds give the node's credentials to whoever asks from it."""
SEES = re.compile(
    r"--limit[-_]mm[-_]per[-_]prompt|(?:^|[-_/.]|\d)(?:vl|vision|llava|pixtral|omni|multimodal)(?:[-_/.]|\d|$)", re.I
)
"""What the command of a server says whose model takes pictures, sound or films."""
REDIRECTS = "VLLM_MEDIA_URL_ALLOW_REDIRECTS"


@object_rule(
    why="The metadata service gives the node's cloud credentials to any pod that reaches it.",
    source="vLLM docs/usage/security.md; AWS IMDS, GCP and Azure metadata at 169.254.169.254",
    level=MANDATORY,
    bad="""
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {
      podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}
    """,
    good="""
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {
      podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16]}}]}]}}
    """,
)
def no_metadata_egress(target: View, _settings: Settings) -> Findings:
    """No egress rule reaches it, on whatever port, and no vLLM fetches pictures from whatever address a prompt names.

    A server that fetches needs `--allowed-media-domains`, and no redirects, for they lead past that list.
    """
    if target.object.kind == "NetworkPolicy":
        for rule in target.items("spec.egress"):
            if opens_all(rule, "to"):
                yield rule.bad("to", "must name peers: without any, the metadata service is among them")
            for peer in rule.items("to"):
                answer = some(covers(peer.at("ipBlock"), address) for address in METADATA)
                if answer is not False:
                    message = f"must except {' and '.join(str(address.network_address) for address in METADATA)}"
                    yield peer.bad("ipBlock", message, answer)
    for pod in target.object.pods(target.trace):
        yield from _fetches(pod)


@stack_rule(
    why="vLLM's key guards only /v1: whoever reaches /pause or /update_weights rules the server.",
    source="vLLM docs/usage/security.md",
    level=MANDATORY,
    bad="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: a.example.com, http: {
      paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]}}
    ---
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: "vllm/vllm-openai:v0.18.0"}]}}
    """,
    good="""
    {apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: a.example.com, http: {
      paths: [{path: /v1, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]}}
    ---
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: "vllm/vllm-openai:v0.18.0"}]}}
    """,
)
def serve_path_allowlist(stack: Stack, settings: Settings) -> Findings:
    """Ingresses and HTTPRoutes to model servers and pools let in the paths of `public_paths`, and what is below these.

    `/` stands for itself only, as an exact path: as a prefix it is every path. What is judged is the path that the
    server sees, after rewriting. Routes to Services that the stack has not are somebody else's.
    """
    pods = index(stack)
    for route in routes(stack):
        is_public = _is_public(route, settings.public_paths)
        leads = route.is_pool or _is_model_service(stack.lookup("Service", route.namespace, route.service), pods)
        if leads is not False and is_public is not True:
            allowed = ", ".join(settings.public_paths)
            yield route.place.bad("", f"must be one of {allowed}, or below; / as an exact path", leads, is_public)


def _fetches(pod: Pod) -> Iterator[Finding]:
    for container in pod.main_containers:
        found = arguments(container)
        words = [str(container.text("image")), *found.words]
        if not any("vllm" in word for word in words) or not any(SEES.search(word) for word in words):
            continue
        if found.get("allowed-media-domains") is None:
            yield container.bad("args", "must have --allowed-media-domains: pictures are fetched from any address")
        values = {entry.text("name"): entry.get("value") for entry in container.items("env")}
        if values.get(REDIRECTS) != "0":
            undecided = [container.get("env"), *values, values.get(REDIRECTS)]
            yield container.bad(
                "env", f"must set {REDIRECTS} to 0: a redirect leads past the allowed domains", *undecided
            )


def _is_model_service(service: Any, pods: PodIndex) -> Any:
    if not isinstance(service, View):
        return UNKNOWN if service is UNKNOWN else False
    selected = pods.behind(service)
    return UNKNOWN if selected is UNKNOWN else some(is_model_server(pod) for pod in selected)


def _is_public(route: Route, public: tuple[str, ...]) -> Any:
    """A bar in a path is an alternative of a regular expression, which may match anything."""
    if route.reached is UNKNOWN:
        return UNKNOWN
    path = str(route.reached)
    is_root = every([path == "/" and "/" in public, route.is_exact])
    is_below = any(f"{path}/".startswith(f"{each}/") for each in public if each != "/")
    return some([is_root, is_below and "|" not in path])
