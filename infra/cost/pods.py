"""One pod of a template: what the scheduler reserves for it, how long it loads, and what it downloads.

Sources: kubernetes.io "Sidecar Containers" (resource sharing), "Pod Overhead", "Configure Probes" (defaults).
"""

from __future__ import annotations

from typing import Any, Final

from infra.cost import sizes
from infra.cost.types import Resources
from kube import gpus
from kube.objects import Pod
from kube.view import View

DEFAULT_LOAD_S: Final = 60
SAFETY: Final = 2
"""Startup probes allow about twice what loading takes: infra/plan.py does so, and so do the common guides."""
PERIOD_S, FAILURES = 10, 3
KEEPS_WEIGHTS: Final = ("persistentVolumeClaim", "hostPath", "image", "ephemeral", "csi", "nfs")
LEAST_WEIGHTS_BYTES: Final = 2**30


def requests_of(pod: Pod) -> Resources:
    """What is reserved: the running containers together, or what is needed at the worst moment of starting, and the
    overhead. While an init container runs, the sidecars that were started before it run, too.
    """
    sidecars, worst = Resources(), Resources()
    for container in pod.spec.items("initContainers"):
        if container.get("restartPolicy") == "Always":
            sidecars += _requests(container)
            worst = _most(worst, sidecars)
        else:
            worst = _most(worst, sidecars + _requests(container))
    running = sum((_requests(each) for each in pod.spec.items("containers")), start=sidecars)
    own = _most(running, _most(worst, _pod_level(pod, running)))
    overhead = pod.spec.get("overhead.cpu"), pod.spec.get("overhead.memory")
    return own + Resources(sizes.milli_cpu(overhead[0]), sizes.num_bytes(overhead[1], "memory"))


def load_s(pod: Pod) -> int:
    """Until a new pod serves: half of what its startup probe allows, else when its readiness is first asked for."""
    slowest = DEFAULT_LOAD_S
    for container in pod.spec.items("containers"):
        probe = container.at("startupProbe")
        if isinstance(probe.data, dict):
            tries = _number(probe, "failureThreshold", FAILURES) * _number(probe, "periodSeconds", PERIOD_S)
            slowest = max(slowest, (_number(probe, "initialDelaySeconds", 0) + tries) // SAFETY)
        else:
            slowest = max(slowest, _number(container, "readinessProbe.initialDelaySeconds", 0))
    return min(slowest, 24 * 3600)


def pulls_bytes(pod: Pod) -> int:
    """What a pod with a GPU downloads at each start: weights go into an emptyDir where no volume keeps them."""
    volumes = pod.spec.items("volumes")
    if any(each.get(kind) is not None for each in volumes for kind in KEEPS_WEIGHTS):
        return 0
    if not any(gpus.requests(container) for container in pod.main_containers):
        return 0
    largest = max((sizes.num_bytes(each.get("emptyDir.sizeLimit"), "sizeLimit") for each in volumes), default=0)
    return largest if largest >= LEAST_WEIGHTS_BYTES else 0


def _requests(container: View) -> Resources:
    """A limit without a request is the request, as the API server sets it."""

    def either(name: str) -> Any:
        value = container.get(("resources", "requests", name))
        return container.get(("resources", "limits", name)) if value is None else value

    return Resources(
        sizes.milli_cpu(either("cpu")),
        sizes.num_bytes(either("memory"), "memory"),
        sizes.num_gpus(gpus.requests(container)),
        sizes.num_bytes(either("ephemeral-storage"), "ephemeral-storage", sizes.MAX_STORAGE_BYTES),
    )


def _pod_level(pod: Pod, running: Resources) -> Resources:
    """`resources` of the pod as a whole replace the sums of its containers, where they are set."""
    cpu, memory = (pod.spec.get(("resources", "requests", name)) for name in ("cpu", "memory"))
    return Resources(
        running.cpu_m if cpu is None else sizes.milli_cpu(cpu),
        running.memory_bytes if memory is None else sizes.num_bytes(memory, "memory"),
    )


def _most(one: Resources, other: Resources) -> Resources:
    """Resource by resource."""
    return Resources(
        max(one.cpu_m, other.cpu_m),
        max(one.memory_bytes, other.memory_bytes),
        max(one.gpus, other.gpus),
        max(one.ephemeral_bytes, other.ephemeral_bytes),
    )


def _number(view: View, path: str, default: int) -> int:
    value = view.number(path)
    return min(max(value, 0), 10**6) if isinstance(value, int) else default
