"""Whom a connection to a URL leads to, in the words of a network policy, which knows no host names.

A Service's name tells its namespace, an address itself; any other name could be anywhere.
"""

import ipaddress
from urllib.parse import urlsplit

from infra.manifests.objects import Manifest

PRIVATE_V4 = ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]
PRIVATE_V6 = ["::1/128", "fc00::/7", "fe80::/10"]
PUBLIC: list[Manifest] = [
    {"ipBlock": {"cidr": "0.0.0.0/0", "except": PRIVATE_V4}},
    {"ipBlock": {"cidr": "::/0", "except": PRIVATE_V6}},
]
COMPANY_V4 = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]
ANYWHERE: list[Manifest] = [*PUBLIC, *({"ipBlock": {"cidr": cidr}} for cidr in COMPANY_V4)]
"""Also where a company's own services are; never the node itself and its cloud's metadata."""
PORTS = {"http": 80, "https": 443}
ANY_PORT: Manifest = {"protocol": "TCP", "port": 1, "endPort": 65_535}


def of_url(url: str, otherwise: list[Manifest]) -> tuple[list[Manifest], list[Manifest]]:
    """Peers and ports. `otherwise`: what a name may mean that is neither a Service's nor an address.

    A policy sees the port of a pod, and a URL tells that of its Service: there, all ports of the namespace are open.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)
    ports: list[Manifest] = [{"protocol": "TCP", "port": port}]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        namespace = namespace_of(host, parts.scheme)
        return (otherwise, ports) if namespace is None else ([in_namespace(namespace)], [ANY_PORT])
    return [{"ipBlock": {"cidr": f"{address}/{address.max_prefixlen}"}}], ports


def namespace_of(host: str, scheme: str = "http") -> str | None:
    """Of `service.namespace.svc...`, and of `service.namespace` without TLS: with it, that is an Internet name."""
    labels = host.split(".")
    if "svc" in labels[2:]:
        return labels[labels.index("svc", 2) - 1]
    return labels[1] if len(labels) == 2 and scheme == "http" else None


def in_namespace(name: str) -> Manifest:
    """All its pods."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
