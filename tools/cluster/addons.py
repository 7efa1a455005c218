"""The API objects of the cluster itself: services and rights of its processes, storage and ingress classes."""

from __future__ import annotations

import base64
import string
from pathlib import Path

from tools.cluster.layout import DNS_SERVICE_IP, INGRESS_CLASS, NODE_IP, Layout
from tools.command import feed, run
from tools.toolchain.programs import Programs

PROVISIONER = "slipway.dev/local-volume"
INGRESS_CONTROLLER = "slipway.dev/ingress"
PATIENCE_S = 120
TEMPLATE = Path(__file__).parent / "addons.yaml"


def render(layout: Layout) -> str:
    """All objects as one YAML stream."""
    ports = layout.ports
    return string.Template(TEMPLATE.read_text().split("\n", 2)[2]).substitute(
        apiserver=ports.apiserver,
        dns=ports.dns,
        metrics_server=ports.metrics_server,
        node_ip=NODE_IP,
        dns_service_ip=DNS_SERVICE_IP,
        ca_bundle=base64.b64encode((layout.pki / "ca.crt").read_bytes()).decode(),
        provisioner=PROVISIONER,
        ingress_class=INGRESS_CLASS,
        ingress_controller=INGRESS_CONTROLLER,
    )


def apply(layout: Layout, programs: Programs) -> None:
    """Apply them all; safe to repeat."""
    kubectl = [programs["kubectl"], f"--kubeconfig={layout.kubeconfig}"]
    # An API server that is ready has begun to make its own namespaces, but it may not be done.
    run([*kubectl, "wait", "--for=create", "namespace/kube-system", f"--timeout={PATIENCE_S}s"])
    apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=slipway-cluster", "-f", "-"]
    feed([*kubectl, *apply], render(layout))
