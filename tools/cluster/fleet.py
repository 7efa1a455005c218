"""Simulated GPU and spot nodes (KWOK), on demand: the real scheduler places pods on them, nothing runs.

The nodes carry a taint of ours, so that no pod lands on them that does not tolerate a simulation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.cluster import cluster, lock, ready
from tools.cluster import layout as layouts
from tools.cluster.daemon import Daemon, Daemons
from tools.cluster.layout import Layout
from tools.command import feed
from tools.errors import ToolError
from tools.progress import Progress
from tools.settings import Settings
from tools.toolchain import gobuild
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import KUBERNETES, KWOK
from tools.toolchain.programs import VENV_BIN, Programs

DATA = Path(__file__).parent / "fleet.yaml"
SIMULATED = "slipway.dev/simulated"
MAX_PODS = 110


def nodes(fleet: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Node objects of all pools in all zones."""
    for pool in fleet["pools"]:
        for zone in fleet["zones"]:
            for i in range(pool["per_zone"]):
                yield _node(f"sim-{pool['name']}-{zone}-{i}", zone, pool)


def _node(name: str, zone: str, pool: Mapping[str, Any]) -> dict[str, Any]:
    room = {"cpu": str(pool["cpu"]), "memory": pool["memory"], "pods": str(MAX_PODS), "ephemeral-storage": "200Gi"}
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": zone,
        "node.kubernetes.io/instance-type": pool["instance_type"],
        "karpenter.sh/capacity-type": "spot" if pool.get("spot") else "on-demand",
        SIMULATED: "true",
    }
    taints = [{"key": SIMULATED, "value": "true", "effect": "NoSchedule"}]
    if pool.get("gpus"):
        room["nvidia.com/gpu"] = str(pool["gpus"])
        labels["nvidia.com/gpu.product"] = pool["gpu_product"]
        taints.append({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"})
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": taints},
        "status": {"capacity": room, "allocatable": room},
    }


def start(settings: Settings, progress: Progress) -> None:
    """Start KWOK on the running local cluster and create the nodes; safe to repeat."""
    if "kube-apiserver" not in cluster.status(settings).running:
        raise ToolError("the local cluster does not run: `make up` first")
    programs = toolchain.ensure(settings, [KUBERNETES, KWOK], progress)
    layout = layouts.of(settings)
    (layout.conf / "kwok.yaml").write_text(stages())
    with lock.hold(settings.state_dir), progress.step("simulated nodes") as step:
        Daemons(layout).start(_kwok(layout, programs))
        num = apply(layout, programs)
        step.note = f"{num} nodes, tainted {SIMULATED}"


def apply(layout: Layout, programs: Programs) -> int:
    """Create or update the nodes; returns how many there are."""
    objects = list(nodes(yaml.safe_load(DATA.read_text())))
    argv = [programs["kubectl"], f"--kubeconfig={layout.kubeconfig}", "apply", "--server-side", "-f", "-"]
    for extra in ([], ["--subresource=status"]):
        feed([*argv, *extra], yaml.safe_dump_all(objects))
    return len(objects)


def stages() -> str:
    """KWOK's own definitions of how its nodes and pods come to be ready; they are part of its sources."""
    source = gobuild.module_source(KWOK, "sigs.k8s.io/kwok", gobuild.find_go(VENV_BIN))
    files = [p for folder in ("node/fast", "pod/fast") for p in (source / "kustomize/stage" / folder).glob("*.yaml")]
    return "\n---\n".join(p.read_text() for p in sorted(files) if p.name != "kustomization.yaml")


def _kwok(layout: Layout, programs: Programs) -> Daemon:
    port = layout.ports.kwok
    return Daemon(
        "kwok",
        (
            programs["kwok"],
            f"--kubeconfig={layout.kubeconfig_of('kwok')}",
            f"--config={layout.conf / 'kwok.yaml'}",
            "--node-lease-duration-seconds=40",
            "--manage-all-nodes=false",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            f"--server-address=127.0.0.1:{port}",
        ),
        ready.http_ok(f"http://127.0.0.1:{port}/healthz"),
    )
