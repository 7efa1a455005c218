"""A fleet of simulated nodes: KWOK plays their kubelets, all else is real. Pods run as soon as they are placed.

What tests ask of it: make and take nodes, wait for placement with a bound, and read where each pod is.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from tests.integration.platform import balancers, keda, nodes, volumes
from tests.integration.platform.loop import Loop
from tests.integration.plugins.control_plane import Binaries, ControlPlane
from tests.integration.plugins.programs import free_ports, on_free_ports, process, wait
from tools.cluster.fleet import stages

NODES: Final = "/api/v1/nodes"
PODS: Final = "/api/v1/pods"
STORAGE_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"
PATIENCE_S: Final = 240.0
"""Only a guard against hanging: the fleet and its controllers may share two cores with another test run."""
CLASSES: Final = ("standard", "fast-ssd")
"""Storage classes that our stacks name."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A pod: where it is, or why it is nowhere."""

    name: str
    labels: Mapping[str, str]
    node: str | None
    phase: str
    is_ready: bool = False
    owner: str = ""
    """The Deployment; empty for a pod of anything else."""
    why: str = ""
    claims: tuple[str, ...] = ()


class Fleet:
    """The nodes of one control plane."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.nodes: dict[str, nodes.Node] = {}

    def stand_up(self, flavour: str) -> None:
        """All nodes of a provider, Ready and open for pods."""
        self.nodes = {node["metadata"]["name"]: node for node in nodes.nodes(flavour)}
        for node in self.nodes.values():
            self.http.post(NODES, json=node).raise_for_status()
        self.until(lambda: all(map(_is_open, self._list(NODES))), "nodes are not Ready")

    def take_down(self) -> None:
        """No nodes any more; pods on them end first, as nobody else would end them in time."""
        self.reclaim(list(self.nodes))

    def reclaim(self, names: Sequence[str]) -> None:
        """As a provider takes spot nodes back: closed, drained whether anybody agrees or not, gone."""
        for name in names:
            self._merge(f"{NODES}/{name}", {"spec": {"unschedulable": True}})
        self.until(lambda: not self._drain(set(names)), "pods stay")
        for name in names:
            self.http.delete(f"{NODES}/{name}")
            self.nodes.pop(name, None)

    def _drain(self, names: Collection[str]) -> int:
        """End all pods there; how many there were. The scheduler may send one more before it sees the nodes closed."""
        there = [pod for pod in self._list(PODS) if pod["spec"].get("nodeName") in names]
        for pod in there:
            if not pod["metadata"].get("deletionTimestamp"):
                self.http.delete(_pod_path(pod))
        return len(there)

    def reclaim_spot(self) -> None:
        """All spot nodes at once."""
        self.reclaim([name for name, node in self.nodes.items() if nodes.is_spot(node)])

    def is_spot(self, placed: Placed) -> bool:
        """Whether the pod is where its provider may take it from."""
        return placed.node is not None and nodes.is_spot(self.nodes[placed.node])

    def placed(self, namespace: str) -> list[Placed]:
        """All pods of a namespace that are not about to end."""
        found = self._list(f"/api/v1/namespaces/{namespace}/pods")
        return [_placed(pod) for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def wait_until_served(self, namespace: str, patience_s: float = PATIENCE_S) -> None:
        """Until every Deployment has all replicas that its autoscaler wants, and every Job has ended well.

        By the pods themselves, too: a status lags behind them, and still praises those that have just been taken.
        """

        def missing() -> list[str]:
            return [*self._not_available(namespace), *self._not_complete(namespace)]

        end = time.monotonic() + patience_s
        while names := missing():
            if time.monotonic() > end:
                nowhere = {placed.name: placed.why for placed in self.placed(namespace) if not placed.node}
                raise AssertionError(f"after {patience_s:.0f} s not served: {names}; without a node: {nowhere}")
            time.sleep(0.3)

    def until(self, is_done: Callable[[], bool], otherwise: str, patience_s: float = PATIENCE_S) -> None:
        """Wait for what must come."""
        end = time.monotonic() + patience_s
        while not is_done():
            if time.monotonic() > end:
                raise AssertionError(f"after {patience_s:.0f} s: {otherwise}")
            time.sleep(0.2)

    def grow(self, namespace: str) -> int:
        """One replica more of each Deployment whose autoscaler allows it, as if there were load; how many in all."""
        least, growing = self.wanted(namespace), self.growing(namespace)
        for name in growing:
            self.scale(namespace, name, least[name] + 1)
        return len(growing)

    def scale(self, namespace: str, name: str, replicas: int) -> None:
        """Ask for a number of replicas, as an autoscaler does."""
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
        self._merge(path, {"spec": {"replicas": replicas}})

    def growing(self, namespace: str) -> list[str]:
        """Deployments that may have more than their least number of replicas."""
        scalers = self._list(f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers")
        return [
            each["spec"]["scaleTargetRef"]["name"]
            for each in scalers
            if each["spec"]["maxReplicas"] > each["spec"].get("minReplicas", 1)
        ]

    def asked(self, namespace: str) -> dict[str, int]:
        """Deployment -> the number of replicas that somebody has set."""
        return {each["metadata"]["name"]: each["spec"]["replicas"] for each in self.deployments(namespace)}

    def deployments(self, namespace: str) -> list[dict[str, Any]]:
        """As the API server has them."""
        return self._list(f"/apis/apps/v1/namespaces/{namespace}/deployments")

    def claims(self, namespace: str) -> list[dict[str, Any]]:
        """Volumes that are asked for."""
        return self._list(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims")

    def wanted(self, namespace: str) -> dict[str, int]:
        """Deployment -> the fewest replicas that its autoscaler allows; what it says itself where it has none."""
        group = f"/namespaces/{namespace}/"
        floors = {
            scaler["spec"]["scaleTargetRef"]["name"]: scaler["spec"].get("minReplicas", 1)
            for scaler in self._list(f"/apis/autoscaling/v2{group}horizontalpodautoscalers")
        }
        return {
            each["metadata"]["name"]: floors.get(each["metadata"]["name"], each["spec"].get("replicas", 1))
            for each in self.deployments(namespace)
        }

    def _not_available(self, namespace: str) -> Iterator[str]:
        wanted = self.wanted(namespace)
        placed = self.placed(namespace)
        there = Counter(pod.owner for pod in placed)
        ready = Counter(pod.owner for pod in placed if pod.node and pod.is_ready)
        for each in self.deployments(namespace):
            name, status = each["metadata"]["name"], each["status"]
            least = max(wanted[name], each["spec"]["replicas"])
            is_seen = status.get("observedGeneration", 0) >= each["metadata"]["generation"]
            has_all = status.get("availableReplicas", 0) >= least and there[name] == ready[name] >= least
            if not (is_seen and has_all):
                yield f"Deployment {name}"

    def _not_complete(self, namespace: str) -> Iterator[str]:
        for each in self._list(f"/apis/batch/v1/namespaces/{namespace}/jobs"):
            if not any(c["type"] == "Complete" and c["status"] == "True" for c in each["status"].get("conditions", [])):
                yield f"Job {each['metadata']['name']}"

    def _merge(self, path: str, patch: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        self.http.patch(path, json=patch, headers=headers).raise_for_status()

    def _list(self, path: str) -> list[dict[str, Any]]:
        response = self.http.get(path)
        response.raise_for_status()
        items: list[dict[str, Any]] = response.json()["items"]
        return items


def _placed(pod: Mapping[str, Any]) -> Placed:
    spec, status = pod["spec"], pod["status"]
    why = [c.get("message", "") for c in status.get("conditions", []) if c["type"] == "PodScheduled"]
    claims = [v["persistentVolumeClaim"]["claimName"] for v in spec.get("volumes", []) if "persistentVolumeClaim" in v]
    return Placed(
        name=pod["metadata"]["name"],
        labels=pod["metadata"].get("labels", {}),
        node=spec.get("nodeName"),
        phase=status.get("phase", ""),
        is_ready=any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", [])),
        owner=_deployment(pod),
        why=" ".join(why),
        claims=tuple(claims),
    )


def _deployment(pod: Mapping[str, Any]) -> str:
    meta = pod["metadata"]
    owners = [owner["name"] for owner in meta.get("ownerReferences", []) if owner["kind"] == "ReplicaSet"]
    return owners[0].removesuffix(f"-{meta['labels']['pod-template-hash']}") if owners else ""


def seeks_spot(deployment: Mapping[str, Any]) -> bool:
    """Whether its pods prefer nodes that a provider may take back, by any provider's label."""
    affinity = deployment["spec"]["template"]["spec"].get("affinity", {}).get("nodeAffinity", {})
    preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution", [])
    said = {
        (expression["key"], value)
        for each in preferred
        for expression in each["preference"].get("matchExpressions", [])
        if expression["operator"] == "In"
        for value in expression["values"]
    }
    return any(label in said for flavour in nodes.FLAVOURS for label in nodes.spot_labels(flavour))


def _pod_path(pod: Mapping[str, Any]) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def _is_open(node: Mapping[str, Any]) -> bool:
    conditions = node["status"].get("conditions") or []
    is_ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return is_ready and not any(t["key"].startswith("node.kubernetes.io/") for t in node["spec"].get("taints") or [])


@contextlib.contextmanager
def running(plane: ControlPlane, binaries: Binaries) -> Iterator[Fleet]:
    """KWOK beside a control plane, and what provides volumes and addresses; without nodes so far."""
    (plane.folder / "stages.yaml").write_text(stages())
    for storage_class in volumes.storage_classes(CLASSES):
        plane.http.post(STORAGE_CLASSES, json=storage_class).raise_for_status()
    with contextlib.ExitStack() as stack:
        on_free_ports(stack, lambda started: _kwok(started, plane, binaries))
        played = Loop(
            [partial(volumes.look, plane.http), partial(balancers.look, plane.http), partial(keda.look, plane.http)]
        )
        played.start()
        stack.callback(played.stop)
        yield Fleet(plane.http)


def _kwok(stack: contextlib.ExitStack, plane: ControlPlane, binaries: Binaries) -> None:
    [port] = free_ports(1)
    folder: Path = plane.folder
    ((annotation, value),) = nodes.SIMULATED.items()
    argv = [
        binaries.path("kwok"),
        f"--kubeconfig={plane.kubeconfig}",
        f"--config={folder / 'stages.yaml'}",
        "--node-lease-duration-seconds=40",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={annotation}={value}",
        f"--server-address=127.0.0.1:{port}",
    ]
    stack.enter_context(process(folder, "kwok", argv))
    wait(lambda: httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).is_success, folder / "kwok.log")
