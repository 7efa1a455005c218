"""What a platform team installs: metrics, KEDA, cert-manager, external-secrets, prometheus-operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slipway.doctor.cluster import Cluster
from slipway.doctor.finding import Finding, State
from slipway.doctor.needs import Needs


@dataclass(frozen=True, slots=True)
class Operator:
    """One that brings kinds of its own: its API group, and words in the names of what runs it."""

    id: str
    name: str
    group: str
    workloads: tuple[str, ...]
    without: str
    setting: str


KEDA: Final = Operator(
    "keda", "KEDA", "keda.sh", ("keda-operator",),
    "models scale by CPU or, with a metrics adapter, by their queue (HPA); schedules, zero replicas, forecasts and "
    "queue length by Prometheus are refused",
    "slipway:scaling.engine",
)  # fmt: skip
CERT_MANAGER: Final = Operator(
    "cert-manager", "cert-manager", "cert-manager.io", ("cert-manager",),
    "certificates are made by others: the Secret that the stack names must be there",
    "slipway:edge.tls secret, slipway:edge.tls_secret",
)  # fmt: skip
EXTERNAL_SECRETS: Final = Operator(
    "external-secrets", "external-secrets", "external-secrets.io", ("external-secrets",),
    "secrets are made by hand, or by the stack from its encrypted settings",
    "slipway:secrets.source",
)  # fmt: skip
PROMETHEUS: Final = Operator(
    "prometheus-operator", "prometheus-operator", "monitoring.coreos.com", ("prometheus-operator",),
    "no ServiceMonitor and no alert rule is made; Prometheus must find the pods' metrics port by itself",
    "slipway:monitoring.operator",
)  # fmt: skip
RESOURCE_METRICS, POD_METRICS, EXTERNAL_METRICS = (
    "v1beta1.metrics.k8s.io",
    "v1beta1.custom.metrics.k8s.io",
    "v1beta1.external.metrics.k8s.io",
)


def metrics(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """metrics-server, or whatever else serves its API."""
    is_needed = bool(needs.metrics & {"Resource", "ContainerResource"})
    if cluster.serves(RESOURCE_METRICS):
        yield Finding(
            "metrics", "CPU and memory metrics", State.HAS, f"{RESOURCE_METRICS} answers", is_needed=is_needed
        )
        return
    without = "models stay at their least number of replicas, whatever the load"
    said = f"{RESOURCE_METRICS} is not there or does not answer: install metrics-server"
    yield Finding(
        "metrics", "CPU and memory metrics", State.LACKS, said, without, "slipway:scaling.signal", is_needed=is_needed
    )


def queue_metrics(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """An adapter for metrics of pods; KEDA brings one for external metrics."""
    wanted = {"Pods": POD_METRICS, "Object": POD_METRICS, "External": EXTERNAL_METRICS}
    for kind in sorted(needs.metrics & wanted.keys()):
        state = State.HAS if cluster.serves(wanted[kind]) else State.LACKS
        said = f"{wanted[kind]} {'answers' if state is State.HAS else 'is not there or does not answer'}"
        without = "models stay at their least number of replicas, whatever the load"
        yield Finding(
            f"metrics:{kind}", "queue metrics", state, said, without, "slipway:scaling.metrics", is_needed=True
        )


def keda(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """For schedules and queues."""
    yield _operator(cluster, needs, KEDA)


def cert_manager(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """For certificates."""
    yield _operator(cluster, needs, CERT_MANAGER)


def external_secrets(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """For secrets from a vault."""
    yield _operator(cluster, needs, EXTERNAL_SECRETS)


def prometheus_operator(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """For monitors and rules."""
    yield _operator(cluster, needs, PROMETHEUS)


def _operator(cluster: Cluster, needs: Needs, operator: Operator) -> Finding:
    """Kinds without anyone who acts on them take every object, and nothing follows."""
    is_needed = needs.has_group(operator.group)
    without = f"`pulumi up` fails at the first {operator.group} object" if is_needed else operator.without
    if not cluster.has_group(operator.group):
        state, said = State.LACKS, "its kinds are not installed"
    elif cluster.running(*operator.workloads):
        return Finding(operator.id, operator.name, State.HAS, "installed and running", is_needed=is_needed)
    else:
        state = State.LACKS if cluster.sees_workloads else State.UNSURE
        said = "its kinds are installed, but nothing is seen that acts on them"
        without = "its objects are taken, and nothing follows" if is_needed else operator.without
    return Finding(operator.id, operator.name, state, said, without, operator.setting, is_needed=is_needed)
