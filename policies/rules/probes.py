"""How Kubernetes learns whether a container can serve and whether it still lives.

Judges the main containers of pods that serve. Pods that end (of Jobs, or that don't always restart) serve nobody, and
init containers, sidecars among them, are not asked. Budgets and times of model servers are other rules'.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kube import digits
from kube.objects import Pod
from kube.view import Finding, View, walk
from policies.rule import ADVISORY, MANDATORY, Findings, pod_rule
from policies.settings import Settings

HANDLERS = ("httpGet", "tcpSocket", "grpc", "exec")
NOT_TCP = ("UDP", "SCTP")

_BOTH = """
{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: a,
  ports: [{name: http, containerPort: 8000}],
  livenessProbe: {httpGet: {path: /health/live, port: http}},
  readinessProbe: {httpGet: {path: /health/ready, port: http}}}]}}}}
"""


@pod_rule(
    why="Without a readiness probe, requests reach a server that has not loaded its model yet, or is overloaded.",
    source="kube-linter no-readiness-probe, readiness-port; Checkov CKV_K8S_9; Kyverno require-pod-probes; Polaris",
    level=MANDATORY,
    bad="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {
      containers: [{name: a, image: a, ports: [{containerPort: 8000}]}]}}}}
    """,
    good=_BOTH,
)
def readiness_probe_set(pod: Pod, _settings: Settings) -> Findings:
    """Every main container of a pod that serves has a readiness probe on a port that it declares."""
    for container, restarts in _serving(pod):
        if not _is_set(container, "readinessProbe"):
            yield container.bad("readinessProbe", "must be set: httpGet, tcpSocket, grpc or exec", restarts)
        yield from _undeclared_ports(container, "readinessProbe", restarts)


@pod_rule(
    why="Without a liveness probe, a server that hangs holds its GPU for ever; one like readiness kills it when busy.",
    source="kube-linter no-liveness-probe, liveness-port; Checkov CKV_K8S_8; kube-score pod-probes-identical",
    level=ADVISORY,
    bad="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {
      containers: [{name: a, image: a, readinessProbe: {tcpSocket: {port: 8000}}}]}}}}
    """,
    good=_BOTH,
)
def liveness_probe_set(pod: Pod, _settings: Settings) -> Findings:
    """As `readiness-probe-set`; and it is not the readiness probe once more: it asks less, or waits longer."""
    for container, restarts in _serving(pod):
        live, ready = container.at("livenessProbe"), container.at("readinessProbe")
        parts = [probe.at(path).data for probe in (live, ready) for path, _ in walk(probe.data)]
        if not _is_set(container, "livenessProbe"):
            yield live.bad("", "should be set: httpGet, tcpSocket, grpc or exec", restarts)
        elif live.data == ready.data:
            yield live.bad("", "should differ from the readiness probe, or be more patient", restarts, parts)
        yield from _undeclared_ports(container, "livenessProbe", restarts)


def _serving(pod: Pod) -> Iterator[tuple[View, Any]]:
    """The main containers of a pod that serves, each with the pod's restart policy, on which this rests."""
    restarts = pod.spec.text("restartPolicy")
    if not pod.object.kind.endswith("Job") and restarts not in ("Never", "OnFailure"):
        yield from ((container, restarts) for container in pod.spec.items("containers"))


def _is_set(container: View, probe: str) -> bool:
    return any(container.get(f"{probe}.{handler}") is not None for handler in HANDLERS)


def _undeclared_ports(container: View, probe: str, restarts: Any) -> Iterator[Finding]:
    """Ports of the probe that the container does not declare. Where it declares none, only names need a declaration."""
    ports = [port for port in container.items("ports") if port.get("protocol") not in NOT_TCP]
    declared = [port.get(field) for port in ports for field in ("name", "containerPort")]
    for handler in HANDLERS:
        path = f"{probe}.{handler}.port"
        port = container.get(path)
        if (number := digits.whole(port)) is not None:
            port = number
        is_name = isinstance(port, str)
        if port is not None and (ports or is_name) and port not in declared:
            yield container.bad(path, "must be declared in ports", port, declared, container.get("ports"), restarts)
