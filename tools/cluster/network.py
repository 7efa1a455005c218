"""The host's side of pod networking: the bridge, routes that never leak, masquerading; and how all of it is undone.

The `unreachable` routes come first: a request to a service or pod address that nothing serves (yet) ends here and never
leaves the machine by the default route.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tools.cluster.layout import BRIDGE, NODE_IP, NODE_POD_CIDR, POD_CIDR, SERVICE_CIDR, Layout
from tools.command import run
from tools.errors import PrerequisiteMissing

CHAIN = "SLIPWAY"
"""Prefix of our own iptables chains: nothing of anybody else's is touched."""
SYSCTLS = ("net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet")
"""What kube-proxy and we change; `remove` puts it back."""


def ensure(layout: Layout) -> None:
    """Routes, bridge, forwarding, masquerading; safe to repeat."""
    if Path("/sys/class/net", BRIDGE).exists():
        _refuse_other_cluster(layout)
    else:
        _refuse_other_kubernetes()
    for cidr in (SERVICE_CIDR, POD_CIDR):
        run(["ip", "route", "replace", "unreachable", cidr, "metric", "4096"])
    if not Path("/sys/class/net", BRIDGE).exists():
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
        run(["ip", "link", "set", BRIDGE, "alias", str(layout.dir.parent)])
    run(["ip", "address", "replace", f"{NODE_IP}/24", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    _keep_sysctls(layout)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    _fill_chains(layout)


def remove(layout: Layout) -> None:
    """Undo `ensure`; safe to repeat, also on a machine that never had it."""
    _restore_sysctls(layout)
    if shutil.which("iptables"):
        for hook, chain in _hooks():
            while _quiet("iptables", "-w", "-t", "nat", "-D", hook, "-j", chain):
                pass
            _quiet("iptables", "-w", "-t", "nat", "-F", chain)
            _quiet("iptables", "-w", "-t", "nat", "-X", chain)
        _quiet("iptables", "-w", "-D", "FORWARD", "-j", CHAIN)
        _quiet("iptables", "-w", "-F", CHAIN)
        _quiet("iptables", "-w", "-X", CHAIN)
        _remove_kubelet_chains()
    _quiet("ip", "link", "delete", BRIDGE)
    for cidr in (SERVICE_CIDR, POD_CIDR):
        _quiet("ip", "route", "delete", "unreachable", cidr, "metric", "4096")


def _hooks() -> tuple[tuple[str, str], ...]:
    return (("POSTROUTING", f"{CHAIN}-POST"), ("OUTPUT", f"{CHAIN}-OUT"))


def _fill_chains(layout: Layout) -> None:
    for hook, chain in _hooks():
        _new_chain("nat", hook, chain)
    # Pods reach the outside under the machine's address.
    outside = ["-s", NODE_POD_CIDR, "!", "-d", POD_CIDR]
    run(["iptables", "-w", "-t", "nat", "-A", f"{CHAIN}-POST", *outside, "-j", "MASQUERADE"])
    # The API server listens on the bridge, where pods reach it; from this machine it is found on loopback.
    port = str(layout.ports.apiserver)
    run(["iptables", "-w", "-t", "nat", "-A", f"{CHAIN}-OUT", "-d", "127.0.0.1", "-p", "tcp",
         "--dport", port, "-j", "DNAT", "--to-destination", f"{NODE_IP}:{port}"])  # fmt: skip
    # Docker sets the FORWARD policy to DROP where it is installed.
    _new_chain("filter", "FORWARD", CHAIN)
    run(["iptables", "-w", "-A", CHAIN, "-i", BRIDGE, "-j", "ACCEPT"])
    run(["iptables", "-w", "-A", CHAIN, "-o", BRIDGE, "-j", "ACCEPT"])


def _new_chain(table: str, hook: str, chain: str) -> None:
    """An empty chain that `hook` jumps to once."""
    if not _quiet("iptables", "-w", "-t", table, "-N", chain):
        run(["iptables", "-w", "-t", table, "-F", chain])
    if not _quiet("iptables", "-w", "-t", table, "-C", hook, "-j", chain):
        run(["iptables", "-w", "-t", table, "-I", hook, "-j", chain])


def other_owner(layout: Layout) -> str | None:
    """The state folder of another local cluster that has the network now: the bridge carries its name."""
    alias = Path("/sys/class/net", BRIDGE, "ifalias")
    owner = alias.read_text().strip() if alias.exists() else ""
    return owner if owner not in ("", str(layout.dir.parent)) else None


def _refuse_other_cluster(layout: Layout) -> None:
    if owner := other_owner(layout):
        raise PrerequisiteMissing(
            f"a local cluster with its state in {owner} is on this machine",
            f"use it with SLIPWAY_STATE_DIR={owner}, or remove it with `SLIPWAY_STATE_DIR={owner} make down`",
        )


def _refuse_other_kubernetes() -> None:
    """Two kube-proxies on one machine write over each other's rules."""
    shown = subprocess.run(["iptables-save", "-t", "nat"], capture_output=True, text=True, check=False)
    if ":KUBE-SERVICES" in shown.stdout:
        raise PrerequisiteMissing(
            "another Kubernetes node runs on this machine (its KUBE-SERVICES rules are in iptables)",
            "name its kubeconfig with KUBECONFIG, or remove its rules with `kube-proxy --cleanup` if it is gone",
        )


def _remove_kubelet_chains() -> None:
    """The kubelet leaves these behind; `kube-proxy --cleanup` removes only kube-proxy's."""
    for hook in ("INPUT", "OUTPUT"):
        _quiet("iptables", "-w", "-D", hook, "-j", "KUBE-FIREWALL")
    for table, chain in (
        ("filter", "KUBE-FIREWALL"), ("mangle", "KUBE-IPTABLES-HINT"),
        *((table, "KUBE-KUBELET-CANARY") for table in ("filter", "nat", "mangle")),
    ):  # fmt: skip
        for program in ("iptables", "ip6tables"):
            _quiet(program, "-w", "-t", table, "-F", chain)
            _quiet(program, "-w", "-t", table, "-X", chain)


def _keep_sysctls(layout: Layout) -> None:
    """Remember what we and kube-proxy are about to change."""
    kept = layout.dir / "sysctls.json"
    if not kept.exists():
        kept.write_text(json.dumps({key: Path("/proc/sys", key).read_text().strip() for key in SYSCTLS}))


def _restore_sysctls(layout: Layout) -> None:
    kept = layout.dir / "sysctls.json"
    if kept.exists():
        for key, value in json.loads(kept.read_text()).items():
            Path("/proc/sys", key).write_text(value)


def _quiet(*argv: str) -> bool:
    """Run what may fail because there is nothing to undo."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
