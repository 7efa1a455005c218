"""Services and ports: who can be reached, and whether anybody answers there."""

from collections.abc import Iterator
from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN
from kube.view import Finding, View
from policies.facts.pod_index import index
from policies.facts.pod_ports import Ports, ports_of
from policies.rule import ADVISORY, MANDATORY, Findings, object_rule, pod_rule, stack_rule
from policies.settings import Settings

INTERNAL = {
    ("service.beta.kubernetes.io/aws-load-balancer-internal", "true"),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", "true"),
    ("networking.gke.io/load-balancer-type", "internal"),
    ("cloud.google.com/load-balancer-type", "internal"),
}
"""Annotations that keep a load balancer inside the network of AWS, Azure and GCP; their values in any case."""


@stack_rule(
    why="A Service without a pod behind it, or with a port that none listens on, refuses every request.",
    source="kube-linter dangling-service; kube-score service-targets-pod",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {
      selector: {app: a}, ports: [{port: 80, targetPort: web}]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: a, ports: [{name: http, containerPort: 8000}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {
      selector: {app: a}, ports: [{port: 80, targetPort: http}]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {
      containers: [{name: a, image: a, ports: [{name: http, containerPort: 8000}]}]}}
    """,
)
def service_targets_pod(stack: Stack, _settings: Settings) -> Findings:
    """The selector means a pod of the stack, and each target port is one that such a pod declares.

    A number may be undeclared where no such pod declares any port, for then the declarations say nothing. Services that
    are headless, without a selector or an ExternalName are not judged: they may mean what is not there.
    """
    pods = index(stack)
    for service in stack.of_kind("Service"):
        cluster_ip, kind = service.get("spec.clusterIP"), service.get("spec.type")
        if cluster_ip == "None" or kind == "ExternalName" or not service.get("spec.selector"):
            continue
        selected = pods.behind(service)
        if selected:
            yield from _wrong_ports(service, ports_of(selected))
        else:
            yield service.bad("spec.selector", "selects no pod of the stack", selected, cluster_ip, kind)


@object_rule(
    "Service",
    why="A public address puts whatever listens in front of everybody.",
    source="kube-linter exposed-services; Kyverno restrict-nodeport, restrict-loadbalancer; Pulumi kubernetes pack",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer, ports: [{port: 80}]}}",
    good="{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: ClusterIP, ports: [{port: 80}]}}",
)
def service_not_public(service: View, settings: Settings) -> Findings:
    """No NodePort, and no LoadBalancer but an internal one, unless the Service is listed in `public_services`."""
    kind = service.text("spec.type")
    if kind not in ("NodePort", "LoadBalancer"):
        return
    namespace, name = service.text("metadata.namespace"), service.text("metadata.name")
    if f"{service.object.namespace}/{service.object.name}" in settings.public_services:
        return
    undecided = [namespace, name] if settings.public_services else []
    if kind != "NodePort":
        answers = [_has(service, annotation, value) for annotation, value in INTERNAL]
        if True in answers:
            return
        undecided += answers
    yield service.bad("spec.type", "must be ClusterIP, or an internal LoadBalancer", *undecided)


@object_rule(
    "Service",
    why="An external address takes the traffic that the whole cluster sends there.",
    source="CVE-2020-8554; Trivy KSV-0108; Kyverno restrict-external-ips; Gatekeeper externalip",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {externalIPs: [203.0.113.7], ports: [{port: 80}]}}",
    good="{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}",
)
def no_external_ips(service: View, _settings: Settings) -> Findings:
    """No Service claims an address of its own choice."""
    if service.items("spec.externalIPs"):
        yield service.bad("spec.externalIPs", "must be empty")


@pod_rule(
    why="Low ports need a right that is good for more, and a shell has no place in a container.",
    source="kube-linter ssh-port, privileged-ports; Trivy KSV-0117",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, ports: [{containerPort: 22}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, ports: [{containerPort: 8000}]}]}}
    """,
)
def no_ssh_or_low_ports(pod: Pod, _settings: Settings) -> Findings:
    """Containers listen on 1024 and above; 22 is below anyway."""
    for container in pod.containers:
        for port in container.items("ports"):
            number = port.number("containerPort")
            if number is not None and number < 1024:
                yield port.bad("containerPort", f"{number} must be at least 1024; a Service may still offer {number}")


def _wrong_ports(service: View, declared: Ports) -> Iterator[Finding]:
    for port in service.items("spec.ports"):
        target = port.get("targetPort")
        if target is None:
            target = port.number("port")
        number = declared.resolve(target)
        if number is None or (declared.numbers and number not in declared.numbers):
            yield port.bad("targetPort", f"no selected pod declares port {target}", number, declared.more)


def _has(service: View, annotation: str, value: str) -> Any:
    """Whether an annotation has a value."""
    found = service.at("metadata.annotations").text((annotation,))
    return UNKNOWN if found is UNKNOWN else found is not None and found.lower() == value
