"""Network policies: every pod is behind some, and none of them says 'everybody'."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN
from kube.view import Finding, View
from policies.facts.answers import every, some
from policies.facts.network_policies import EGRESS, INGRESS, closes, covers, network, opens_all, rules_of
from policies.facts.pod_index import PodIndex, index, namespace_of
from policies.rule import MANDATORY, Findings, stack_rule
from policies.settings import Settings

PRIVATE = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
"""What a rule for the whole Internet has to leave out: pods, Services and nodes are there."""
WIDE = {4: 8, 6: 16}
"""Ranges with a shorter prefix than this stand for the Internet."""


@stack_rule(
    why="A pod that no policy selects may be reached by every pod, and may call every address.",
    source="NSA/CISA Kubernetes Hardening Guide 2; kube-linter non-isolated-pod; Kyverno require-netpol",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: a}]}}
    ---
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: a}, spec: {
      podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress, Egress]}}
    """,
    good="""
    {apiVersion: v1, kind: Namespace, metadata: {name: a}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: a}]}}
    ---
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: default-deny, namespace: a}, spec: {
      podSelector: {}, policyTypes: [Ingress, Egress]}}
    """,
)
def network_policy_covers_pod(stack: Stack, _settings: Settings) -> Findings:
    """Each pod is selected for both directions; a namespace that the stack makes denies both for all of its pods.

    Only NetworkPolicies count: what other kinds of policies mean is their controller's to say.
    """
    pods, policies = index(stack), stack.of_kind("NetworkPolicy")
    for direction in (INGRESS, EGRESS):
        covered, closed, certainty = _covered(policies, direction, pods)
        for pod in stack.pods:
            if pod not in covered:
                message = f"no NetworkPolicy of the stack selects this pod for {direction.lower()}"
                yield pod.template.bad("metadata.labels", message, certainty)
        for namespace in stack.of_kind("Namespace"):
            name = namespace.text("metadata.name")
            if name not in closed:
                message = f"no NetworkPolicy of the stack denies {direction.lower()} to all pods of this namespace"
                yield namespace.bad("metadata.name", message, name, certainty)


@stack_rule(
    why="A rule for everybody is no rule, and one for nobody is a mistake that nobody sees.",
    source="NSA/CISA Kubernetes Hardening Guide 2; kube-linter dangling-networkpolicy*; Trivy KSV-0038",
    level=MANDATORY,
    bad="""
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: a}, spec: {
      podSelector: {matchLabels: {app: a}}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}
    """,
    good="""
    {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a, namespace: a}, spec: {
      podSelector: {matchLabels: {app: a}},
      ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}],
      egress: [{ports: [{port: 443}],
        to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]}}]}]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: a}]}}
    """,
)
def network_policy_precise(stack: Stack, _settings: Settings) -> Findings:
    """Each rule names its peers; none of them is everybody; those of the policy's own namespace exist.

    The Internet is a peer where names of ports bound it and private ranges are excepted: a policy knows no host names.
    All pods of some namespaces are one, too, and so are labelled pods of any; all pods of one's own are not.
    """
    pods = index(stack)
    for policy in stack.of_kind("NetworkPolicy"):
        yield from _dangling(policy.at("spec.podSelector"), pods)
        for rule, peers in rules_of(policy):
            if opens_all(rule, peers):
                yield rule.bad(peers, "must name peers: without any, everybody is meant")
            for peer in rule.items(peers):
                yield from _everybody(peer)
                yield from _internet(peer.at("ipBlock"), rule)
                if peer.get("namespaceSelector") is None:
                    yield from _dangling(peer.at("podSelector"), pods)


def _covered(policies: list[View], direction: str, pods: PodIndex) -> tuple[set[Pod], set[str], Any]:
    """The pods that are closed in a direction, the namespaces that are for all pods; UNKNOWN where more may be."""
    covered: set[Pod] = set()
    closed: set[str] = set()
    certainty: Any = True
    for policy in policies:
        is_closing, selector = closes(policy, direction), policy.at("spec.podSelector")
        namespace = namespace_of(policy.object, policy.trace)
        if is_closing is False:
            continue
        if is_closing is UNKNOWN or namespace is UNKNOWN or not selector.is_known():
            certainty = UNKNOWN
            continue
        certainty = every([certainty, pods.certainty])
        covered.update(pods.selected(namespace, selector.expect(dict, "a mapping") or {}))
        if _is_empty(selector):
            closed.add(namespace)
    return covered, closed, certainty


def _everybody(peer: View) -> Iterator[Finding]:
    selectors = [peer.at("podSelector"), peer.at("namespaceSelector")]
    answer = every([peer.get("ipBlock") is None, *(_is_empty(selector) for selector in selectors)])
    if answer is not False:
        yield peer.bad("", "must name labels of pods or namespaces: without any, all are meant", answer)


def _internet(block: View, rule: View) -> Iterator[Finding]:
    whole = network(block)
    if whole is None or whole.prefixlen >= WIDE[whole.version]:
        return
    ports = [rule.at("ports"), *(port.at("port") for port in rule.items("ports"))]
    open_ports = [UNKNOWN if port.data is UNKNOWN else not port.data for port in ports]
    answer = some([*open_ports, *(covers(block, private) for private in PRIVATE)])
    if answer is not False:
        message = f"must not be the Internet, but on named ports and with {', '.join(map(str, PRIVATE))} excepted"
        yield block.bad("cidr", message, answer)


def _dangling(selector: View, pods: PodIndex) -> Iterator[Finding]:
    """Selectors of pods in the policy's namespace that mean none, where the stack has pods at all."""
    namespace = namespace_of(selector.object, selector.trace)
    wanted = selector.expect(dict, "a mapping") if selector.is_known() else None
    if wanted and pods.in_namespace(namespace) and not pods.selected(namespace, wanted):
        yield selector.bad("", "selects no pod of the stack", pods.certainty)


def _is_empty(selector: View) -> Any:
    """Whether a selector demands nothing; so does one that is absent."""
    parts = [selector.get("matchLabels"), selector.get("matchExpressions")]
    return every(UNKNOWN if part is UNKNOWN else not part for part in parts)
