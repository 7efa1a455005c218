"""etcd, an API server and kube-scheduler on free ports, with the scheduler's profile that packing stands for; KWOK
plays the kubelets if it is there. No controllers: nobody may taint nodes or delete pods but the test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.integration.plugins.control_plane import etcd, private_key
from tests.integration.plugins.programs import free_ports, on_free_ports, process, wait

TOKEN = "token-of-the-test"
SIMULATED = {"kwok.x-k8s.io/node": "fake"}
"""The annotation of nodes whose kubelet KWOK plays."""
LOTS, FIRST_BOUGHT = "default-scheduler", "first-bought"
"""Two profiles: among equally full nodes kube-scheduler draws lots, or takes the one that was bought first."""
NUM_BITS = 6
"""So many nodes of a stack, as a power of two, are told apart by the profile that draws no lots."""


def bit_labels(number: int) -> dict[str, str]:
    """A node's number, for the scheduler's eyes."""
    return {f"slipway.dev/bit-{bit}": str(number >> bit & 1) for bit in range(NUM_BITS)}


def _profiles() -> list[Mapping[str, Any]]:
    """Every filter as it comes; of the scores only how full a node becomes, and what settles the lots. No preemption.

    What settles them is a preference of the profile itself for zeros in the bits of the number, so weak that it never
    outweighs a percent.
    """
    resources = [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]
    fit = {"scoringStrategy": {"type": "MostAllocated", "resources": resources}}
    zeros = [
        {"weight": 2**bit, "preference": {"matchExpressions": [{"key": key, "operator": "In", "values": ["0"]}]}}
        for bit, key in enumerate(bit_labels(0))
    ]
    added = {"addedAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": zeros}}
    scores = [{"name": "NodeResourcesFit", "weight": 1000}, {"name": "NodeAffinity", "weight": 1}]
    return [
        _profile(LOTS, scores[:1], {"NodeResourcesFit": fit}),
        _profile(FIRST_BOUGHT, scores, {"NodeResourcesFit": fit, "NodeAffinity": added}),
    ]


def _profile(name: str, scores: list[dict[str, Any]], args: Mapping[str, Any]) -> Mapping[str, Any]:
    off = [{"name": "*"}]
    return {
        "schedulerName": name,
        "plugins": {"score": {"disabled": off, "enabled": scores}, "postFilter": {"disabled": off}},
        "pluginConfig": [{"name": plugin, "args": each} for plugin, each in args.items()],
    }


@dataclass(frozen=True, slots=True)
class Programs:
    """Where they are. `kwok`: None where nothing needs to play the kubelets; the scheduler does not ask for them."""

    etcd: str
    api_server: str
    scheduler: str
    kwok: str | None = None
    kwok_stages: str = ""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """One that runs."""

    url: str


@contextlib.contextmanager
def running(folder: Path, programs: Programs) -> Iterator[ControlPlane]:
    """Start everything, wait until it serves, stop everything."""
    (folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
    (folder / "service-account.key").write_bytes(private_key())
    with contextlib.ExitStack() as stack:
        yield on_free_ports(stack, lambda started: _start(started, folder, programs))


def _start(stack: contextlib.ExitStack, folder: Path, programs: Programs) -> ControlPlane:
    client_port, peer_port, port, scheduler_port, kwok_port = free_ports(5)
    plane = ControlPlane(f"https://127.0.0.1:{port}")
    stack.enter_context(process(folder, "etcd", etcd(programs.etcd, folder, client_port, peer_port)))
    wait(lambda: _is_ok(f"http://127.0.0.1:{client_port}/health"), folder / "etcd.log")
    stack.enter_context(process(folder, "apiserver", _api_server(programs, folder, client_port, port)))
    wait(lambda: _is_ok(f"{plane.url}/readyz"), folder / "apiserver.log")
    config = _scheduler_config(folder, plane)
    argv = [programs.scheduler, f"--config={config}", f"--secure-port={scheduler_port}"]
    stack.enter_context(process(folder, "scheduler", argv))
    wait(lambda: _is_ok(f"https://127.0.0.1:{scheduler_port}/healthz"), folder / "scheduler.log")
    if programs.kwok:
        stack.enter_context(process(folder, "kwok", _kwok(programs, folder, kwok_port)))
        wait(lambda: _is_ok(f"http://127.0.0.1:{kwok_port}/healthz"), folder / "kwok.log")
    return plane


def _api_server(programs: Programs, folder: Path, etcd_port: int, port: int) -> list[str]:
    """Without the admission that needs controllers, and without the taint that only a controller would take away."""
    key = folder / "service-account.key"
    return [
        programs.api_server,
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--service-account-issuer=https://test",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={key}",
        "--service-cluster-ip-range=10.97.0.0/16",
        "--authorization-mode=AlwaysAllow",
        "--endpoint-reconciler-type=none",
        "--enable-priority-and-fairness=false",
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
    ]


def _scheduler_config(folder: Path, plane: ControlPlane) -> Path:
    kubeconfig = folder / "kubeconfig"
    cluster = {"server": plane.url, "insecure-skip-tls-verify": True}
    named = {
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
    }
    kubeconfig.write_text(yaml.safe_dump({"kind": "Config", "current-context": "test", **named}))
    path = folder / "scheduler.yaml"
    content = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 5000, "burst": 5000},
        "leaderElection": {"leaderElect": False},
        "percentageOfNodesToScore": 100,
        "podMaxBackoffSeconds": 1,
        "profiles": _profiles(),
    }
    path.write_text(yaml.safe_dump(content))
    return path


def _kwok(programs: Programs, folder: Path, port: int) -> list[str]:
    stages = folder / "stages.yaml"
    stages.write_text(programs.kwok_stages)
    ((annotation, value),) = SIMULATED.items()
    return [
        str(programs.kwok),
        f"--kubeconfig={folder / 'kubeconfig'}",
        f"--config={stages}",
        "--node-lease-duration-seconds=40",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={annotation}={value}",
        f"--server-address=127.0.0.1:{port}",
    ]


def _is_ok(url: str) -> bool:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(url, verify=False, trust_env=False, headers=headers).status_code == 200
