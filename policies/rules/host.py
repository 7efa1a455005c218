"""What a pod may share with its node: namespaces, ports, probes, host names."""

from typing import Any

from kube.objects import Pod
from policies.facts import repairs
from policies.rule import ADVISORY, MANDATORY, Findings, pod_rule
from policies.settings import Settings

NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")
HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
ACTIONS = ("httpGet", "tcpSocket")


def _leave_host_namespaces(data: dict[str, Any], _settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        for name in NAMESPACES:
            if spec.get(name) is True:
                spec[name] = False


@pod_rule(
    why="In a namespace of the node, a pod sees and reaches the node's network, processes or shared memory.",
    source="Pod Security baseline: hostNamespaces; NSA/CISA Kubernetes Hardening Guide 1.3-1.5; Trivy KSV-0008 to 0010",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: true, containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: false, containers: [{name: a, image: a}]}}
    """,
    remedy=_leave_host_namespaces,
)
def no_host_namespaces(pod: Pod, _settings: Settings) -> Findings:
    """The pod has a network, process ids and shared memory of its own."""
    for name in NAMESPACES:
        if pod.spec.flag(name):
            yield pod.spec.bad(name, "must be false or absent")


def _drop_host_ports(data: dict[str, Any], _settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        for container in repairs.containers(spec):
            for port in repairs.mappings(container, "ports"):
                if isinstance(number := port.get("hostPort"), int) and number:
                    del port["hostPort"]


@pod_rule(
    why="A port of the node is open past every NetworkPolicy, and only one pod per node can have it.",
    source="Pod Security baseline: hostPorts; Trivy KSV-0024; Checkov CKV_K8S_26; Polaris hostPortSet",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, ports: [{containerPort: 8000, hostPort: 8000}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, ports: [{containerPort: 8000}]}]}}
    """,
    remedy=_drop_host_ports,
)
def no_host_port(pod: Pod, _settings: Settings) -> Findings:
    """No port is one of the node's."""
    for container in pod.containers:
        for port in container.items("ports"):
            if port.number("hostPort"):
                yield port.bad("hostPort", "must be absent")


def _drop_probe_hosts(data: dict[str, Any], settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        for container in repairs.containers(spec):
            for path in [f"{handler}.{action}.host" for handler in HANDLERS for action in ACTIONS]:
                host = repairs.get(container, path)
                if _judges_probes(settings) and isinstance(host, str) and host:
                    repairs.drop(container, path)


@pod_rule(
    why="A probe with a host of its own makes the node's kubelet send requests wherever the pod's author likes.",
    source="Pod Security baseline since 1.34: hostProbesAndHostLifecycle; Gatekeeper library host-probes-lifecycle",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [
      {name: a, image: a, livenessProbe: {httpGet: {host: 169.254.169.254, port: 80}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [
      {name: a, image: a, livenessProbe: {httpGet: {path: /healthz, port: 8000}}}]}}
    """,
    remedy=_drop_probe_hosts,
)
def no_host_probe_host(pod: Pod, settings: Settings) -> Findings:
    """No probe and no lifecycle handler names a host: without one they go to the pod itself."""
    if not _judges_probes(settings):
        return
    for container in pod.containers:
        for handler in HANDLERS:
            found = container.at(handler)
            for action in ACTIONS:
                if found.text(f"{action}.host"):
                    yield found.bad(f"{action}.host", "must be absent")


def _judges_probes(settings: Settings) -> bool:
    return settings.pod_security_version >= (1, 34)


@pod_rule(
    why="An entry in /etc/hosts sends a name elsewhere, unseen by DNS and by whoever reads the program.",
    source="Trivy KSV-0007; kubesec hostAliases",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      hostAliases: [{ip: 10.0.0.1, hostnames: [registry.example.com]}], containers: [{name: a, image: a}]}}
    """,
    good="{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostAliases: [], containers: [{name: a, image: a}]}}",
)
def no_host_aliases(pod: Pod, _settings: Settings) -> Findings:
    """The pod takes host names from DNS alone."""
    if pod.spec.items("hostAliases"):
        yield pod.spec.bad("hostAliases", "must be empty or absent")
