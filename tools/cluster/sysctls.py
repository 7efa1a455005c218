"""Kernel settings that the cluster's processes change, and how each gets its old value back.

kube-proxy and we change what packets may do; the kubelet sets memory, panic and key limits at each start. The record
lies in the state folder and goes when it was used, so that the next start writes down that day's values.
"""

from __future__ import annotations

import json
from pathlib import Path

from tools.cluster.layout import BRIDGE, Layout

FORWARDING = "net/ipv4/ip_forward"
CHANGED = (
    FORWARDING,
    "net/ipv4/conf/all/route_localnet",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
ROOT = Path("/proc/sys")
INTERFACES = Path("/sys/class/net")


def keep(layout: Layout, root: Path = ROOT) -> None:
    """Remember the values of those that this kernel has; an older record is the truth and stays."""
    record = _record(layout)
    if record.exists():
        return
    values = {key: (root / key).read_text().strip() for key in CHANGED if (root / key).exists()}
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps(values))
    partial.replace(record)


def restore(layout: Layout, root: Path = ROOT, interfaces: Path = INTERFACES) -> None:
    """Put them back and forget the record; safe to repeat."""
    record = _record(layout)
    if not record.exists():
        return
    for key, value in json.loads(record.read_text()).items():
        # Docker or a virtual machine that came after us needs forwarding, too.
        if key == FORWARDING and value == "0" and _has_other_bridge(interfaces):
            continue
        if (root / key).read_text().strip() != value:
            (root / key).write_text(value)
    record.unlink()


def _record(layout: Layout) -> Path:
    return layout.dir / "sysctls.json"


def _has_other_bridge(interfaces: Path) -> bool:
    return any(p.parent.name != BRIDGE for p in interfaces.glob("*/bridge"))
