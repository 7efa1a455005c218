"""Our iptables chains: pods reach the outside, nobody outside reaches pods, services or the node's own address.

`chains` is pure: all rules as values. They lie in chains of our own, so nothing of anybody else's is touched and all of
it can be undone. Kubernetes' own rules, which kube-proxy and kubelet leave behind, are removed with them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from tools.cluster.layout import BRIDGE, NODE_IP, NODE_POD_CIDR, POD_CIDR, SERVICE_CIDR
from tools.command import feed, run, succeeds

CHAIN = "SLIPWAY"
"""Prefix of all our chains."""
LOOPBACK = "127.0.0.0/8"

Rule = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain and the built-in one that jumps to it."""

    table: str
    hook: str
    name: str
    rules: tuple[Rule, ...]


def chains(apiserver_port: int) -> tuple[Chain, ...]:
    """All that is ours; the guard comes first, so that nothing is open before it."""
    port = str(apiserver_port)
    to_node = ("-d", "127.0.0.1", "-p", "tcp", "--dport", port, "-j", "DNAT", "--to-destination", f"{NODE_IP}:{port}")
    return (
        _guard(),
        # Docker sets the policy to DROP where it is installed. Whoever else sends to a pod was translated to it by a
        # rule that is not ours: only answers get through.
        Chain("filter", "FORWARD", CHAIN, (
            ("-i", BRIDGE, "-j", "ACCEPT"),
            ("-o", BRIDGE, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
            ("-o", BRIDGE, "-j", "DROP"),
        )),
        # Pods reach the outside under the machine's address.
        Chain("nat", "POSTROUTING", f"{CHAIN}-POST", (
            ("-s", NODE_POD_CIDR, "!", "-d", POD_CIDR, "-j", "MASQUERADE"),
        )),
        # The API server listens on the bridge, where pods reach it; from this machine it is found on loopback.
        Chain("nat", "OUTPUT", f"{CHAIN}-OUT", (to_node,)),
    )  # fmt: skip


def _guard() -> Chain:
    """Drop what comes from outside and is addressed to the inside, e.g. by a neighbour who set a route to us.

    In `mangle`, before any address translation: answers to pods still carry the machine's address here, and no rule
    of kube-proxy's, which accepts service traffic before our FORWARD chain sees it, comes earlier. Loopback is in the
    list because kube-proxy lets the kernel route it.
    """
    inside = (("-i", BRIDGE, "-j", "RETURN"), ("-i", "lo", "-j", "RETURN"))
    private = (POD_CIDR, SERVICE_CIDR, LOOPBACK)
    return Chain("mangle", "PREROUTING", f"{CHAIN}-PRE", (*inside, *(("-d", cidr, "-j", "DROP") for cidr in private)))


def ensure(apiserver_port: int) -> None:
    """Fill our chains and jump to each once; safe to repeat."""
    for chain in chains(apiserver_port):
        table = ("iptables", "-w", "-t", chain.table)
        if not succeeds(*table, "-N", chain.name):
            run([*table, "-F", chain.name])
        for rule in chain.rules:
            run([*table, "-A", chain.name, *rule])
        if not succeeds(*table, "-C", chain.hook, "-j", chain.name):
            run([*table, "-I", chain.hook, "-j", chain.name])


def remove() -> None:
    """Undo `ensure`, and the rules of kube-proxy and kubelet; safe to repeat, also where there is no iptables."""
    if not shutil.which("iptables"):
        return
    for chain in chains(0):
        table = ("iptables", "-w", "-t", chain.table)
        while succeeds(*table, "-D", chain.hook, "-j", chain.name):
            pass
        succeeds(*table, "-F", chain.name)
        succeeds(*table, "-X", chain.name)
    for program in filter(shutil.which, ("iptables", "ip6tables")):
        _remove_kubernetes(program)


def _remove_kubernetes(program: str) -> None:
    """Not left to `kube-proxy --cleanup`: it may be gone by now, and it leaves the kubelet's chains."""
    saved = subprocess.run([f"{program}-save"], capture_output=True, text=True, check=False).stdout
    if script := removal_script(saved):
        feed([f"{program}-restore", "-w", "--noflush"], script)


def removal_script(saved: str) -> str:
    """What takes all KUBE- chains and the jumps to them out of what `iptables-save` printed; empty without any."""
    script = []
    for table in saved.split("COMMIT\n"):
        lines = [line for line in table.splitlines() if not line.startswith("#")]
        names = [line[1:].split()[0] for line in lines if line.startswith(":KUBE-")]
        jumps = [line for line in lines if line.startswith("-A ") and not line.startswith("-A KUBE-")]
        if names:
            script += [line for line in lines if line.startswith("*")]
            script += [f"-D{line[2:]}" for line in jumps if re.search(r" -[jg] KUBE-", line)]
            # A chain that is named here is emptied first: they jump to each other.
            script += [f":{name} - [0:0]" for name in names]
            script += [*(f"-X {name}" for name in names), "COMMIT"]
    return "".join(f"{line}\n" for line in script)
