"""(Cluster, Needs) -> findings: one function a subject, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from slipway.doctor.checks import add_ons, gpus, network, platform, storage
from slipway.doctor.cluster import Cluster
from slipway.doctor.finding import Finding
from slipway.doctor.needs import Needs

Check = Callable[[Cluster, Needs], Iterator[Finding]]
CHECKS: Final[tuple[Check, ...]] = (
    platform.version,
    platform.rights,
    platform.pod_security,
    platform.dns,
    gpus.nodes,
    gpus.discovery,
    gpus.driver,
    gpus.dynamic_allocation,
    storage.classes,
    storage.image_volumes,
    network.ingress,
    network.gateway,
    network.policies,
    add_ons.metrics,
    add_ons.queue_metrics,
    add_ons.keda,
    add_ons.cert_manager,
    add_ons.external_secrets,
    add_ons.prometheus_operator,
)


def examine(cluster: Cluster, needs: Needs) -> list[Finding]:
    """All of them."""
    return [finding for check in CHECKS for finding in check(cluster, needs)]
