"""The ports of a model server that nobody but its own workers may reach."""

from collections.abc import Iterator, Sequence
from typing import Any

from kube import digits
from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN
from kube.view import Finding, View
from policies.facts.answers import some
from policies.facts.model_server import arguments, is_model_server
from policies.facts.pod_index import index, namespace_of
from policies.facts.pod_ports import ports_of
from policies.rule import MANDATORY, Findings, stack_rule
from policies.settings import Settings

INTERNAL = frozenset({5557, 5600, 6379, 8265, 8998, 10001, 50052, *range(29500, 29600)})
"""Cache events, NIXL, Ray (3), Mooncake, the RPC of llama.cpp, and torch.distributed, from where vLLM counts up."""
FLAGS = ("master-port", "data-parallel-rpc-port", "nccl-port")


@stack_rule(
    why="torch.distributed and its like believe whoever connects, and run what they are sent.",
    source="vLLM docs/usage/security.md; llama.cpp tools/rpc/README.md; Ray security page",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 29500}]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a, slipway.dev/role: model}}, spec: {
      containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {
      selector: {app: a}, ports: [{port: 80, targetPort: http}]}}
    ---
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {},
      ingress: [{from: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: http}]}]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a, slipway.dev/role: model}}, spec: {
      containers: [{name: a, image: a, ports: [{name: http, containerPort: 8000}]}]}}
    """,
)
def engine_ports_internal(stack: Stack, _settings: Settings) -> Findings:
    """Services and NetworkPolicies open single ports that model servers declare, and none of an engine's workers.

    Workers of one model may reach each other: a rule may open anything to the very pods that its policy selects.
    """
    pods = index(stack)
    for service in stack.of_kind("Service"):
        yield from _offered(service, pods.behind(service) or ())
    for policy in stack.of_kind("NetworkPolicy"):
        selector = policy.at("spec.podSelector")
        if selector.is_known():
            wanted = selector.expect(dict, "a mapping") or {}
            selected = pods.selected(namespace_of(policy.object, stack.trace), wanted)
            for rule in policy.items("spec.ingress"):
                yield from _opened(rule, wanted, selected)


def _offered(service: View, selected: Sequence[Pod]) -> Iterator[Finding]:
    answer = some(is_model_server(pod) for pod in selected)
    if answer is False:
        return
    declared, internal = ports_of(selected), _internal(selected)
    for port in service.items("spec.ports"):
        target = port.get("targetPort")
        number = declared.resolve(port.number("port") if target is None else target)
        if number in internal:
            yield port.bad("targetPort", f"{number} is for the workers of an engine alone", answer)


def _opened(rule: View, wanted: Any, selected: Sequence[Pod]) -> Iterator[Finding]:
    answer = some(is_model_server(pod) for pod in selected)
    peers = rule.items("from")
    if answer is False or (wanted and peers and all(_is(peer, wanted) for peer in peers)):
        return
    undecided = [answer, None if rule.at("from").is_known() else UNKNOWN]
    declared, internal = ports_of(selected), _internal(selected)
    if not rule.get("ports"):
        yield rule.bad(
            "ports", "must name ports: without any, those of the workers are open", rule.get("ports"), *undecided
        )
    for port in rule.items("ports"):
        number, last = declared.resolve(port.get("port")), port.get("endPort")
        if number in internal or last not in (None, number):
            yield port.bad("port", "must be one port, and none of the workers of an engine", number, last, *undecided)
        elif number is None or (declared.numbers and number not in declared.numbers):
            yield port.bad("port", "must be a port that the server declares", number, declared.more, *undecided)


def _is(peer: View, wanted: Any) -> bool:
    return peer.get("podSelector") == wanted and peer.get("namespaceSelector") is None


def _internal(pods: Sequence[Pod]) -> frozenset[int]:
    """The ports of engines' workers, and those that the flags of these pods name."""
    named = [arguments(container).get(flag) for pod in pods for container in pod.main_containers for flag in FLAGS]
    return INTERNAL | {number for value in named if (number := digits.whole(value)) is not None}
