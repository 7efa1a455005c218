"""The host's side of pod networking: the bridge, and routes that never leak; and how all of it is undone.

The `unreachable` routes come first: a request to a service or pod address that nothing serves (yet) ends here and never
leaves the machine by the default route. Rules lie in firewall.py, kernel settings in sysctls.py.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.cluster import firewall, sysctls
from tools.cluster.layout import BRIDGE, NODE_IP, POD_CIDR, SERVICE_CIDR, Layout
from tools.command import run, succeeds
from tools.errors import PrerequisiteMissing

RANGES = (SERVICE_CIDR, POD_CIDR)


def ensure(layout: Layout) -> None:
    """Routes, rules, bridge, forwarding; safe to repeat."""
    if Path("/sys/class/net", BRIDGE).exists():
        _refuse_other_cluster(layout)
    else:
        _refuse_other_kubernetes()
    refuse_overlap(json.loads(run(["ip", "-json", "-4", "address", "show"])))
    for cidr in RANGES:
        run(["ip", "route", "replace", "unreachable", cidr, "metric", "4096"])
    firewall.ensure(layout.ports.apiserver)
    if not Path("/sys/class/net", BRIDGE).exists():
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
        run(["ip", "link", "set", BRIDGE, "alias", str(layout.dir.parent)])
    run(["ip", "address", "replace", f"{NODE_IP}/24", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    sysctls.keep(layout)
    (sysctls.ROOT / sysctls.FORWARDING).write_text("1")


def remove(layout: Layout) -> None:
    """Undo `ensure`; safe to repeat, also on a machine that never had it."""
    sysctls.restore(layout)
    succeeds("ip", "link", "delete", BRIDGE)
    firewall.remove()
    for cidr in RANGES:
        succeeds("ip", "route", "delete", "unreachable", cidr, "metric", "4096")


def other_owner(layout: Layout) -> str | None:
    """The state folder of another local cluster that has the network now: the bridge carries its name."""
    alias = Path("/sys/class/net", BRIDGE, "ifalias")
    owner = alias.read_text().strip() if alias.exists() else ""
    return owner if owner not in ("", str(layout.dir.parent)) else None


def refuse_overlap(interfaces: Iterable[dict[str, Any]]) -> None:
    """The machine's own addresses must lie outside of our ranges: the firewall would cut it off."""
    for interface in (i for i in interfaces if i["ifname"] != BRIDGE):
        for address in interface["addr_info"]:
            for cidr in RANGES:
                if ipaddress.ip_address(address["local"]) in ipaddress.ip_network(cidr):
                    raise PrerequisiteMissing(
                        f"{interface['ifname']} has the address {address['local']}, which is in the cluster's {cidr}",
                        "name a cluster of your own with KUBECONFIG=<file>, or give the machine another address",
                    )


def _refuse_other_cluster(layout: Layout) -> None:
    if owner := other_owner(layout):
        raise PrerequisiteMissing(
            f"a local cluster with its state in {owner} is on this machine",
            f"use it with SLIPWAY_STATE_DIR={owner}, or remove it with `SLIPWAY_STATE_DIR={owner} make down`",
        )


def _refuse_other_kubernetes() -> None:
    """Two kube-proxies on one machine write over each other's rules."""
    if ":KUBE-SERVICES" in run(["iptables-save", "-t", "nat"]):
        raise PrerequisiteMissing(
            "another Kubernetes node runs on this machine (its KUBE-SERVICES rules are in iptables)",
            "name its kubeconfig with KUBECONFIG, or remove its rules with `kube-proxy --cleanup` if it is gone",
        )
