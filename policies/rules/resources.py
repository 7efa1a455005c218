"""What containers reserve and what they may use: CPU, memory, scratch space.

Judges init and main containers; ephemeral ones can't have resources. What the pod reserves as a whole
(`spec.resources`, which clusters know since 1.34) counts for each of its containers. Quotas and nodes are other rules'.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from infra.units import MI
from kube import gpus, quantity
from kube.objects import Pod
from kube.view import Finding, View
from policies.rule import ADVISORY, MANDATORY, Findings, pod_rule
from policies.settings import Settings

POD_RESOURCES_SINCE = (1, 34)
BYTES = ("memory", "ephemeral-storage")
REQUEST, LIMIT = "resources.requests.memory", "resources.limits.memory"

_NOTHING = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a}]}}"
_COMPLETE = """
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a, resources: {
  requests: {cpu: 500m, memory: 2Gi, ephemeral-storage: 1Gi},
  limits: {cpu: 2, memory: 2Gi, ephemeral-storage: 1Gi}}}]}}
"""


@pod_rule(
    why="Without requests the scheduler packs pods blindly, and the node evicts these first.",
    source="kube-linter unset-cpu-requirements, unset-memory-requirements; Trivy KSV-0015, 0016; CKV_K8S_10, 12",
    level=MANDATORY,
    bad=_NOTHING,
    good=_COMPLETE,
)
def resource_requests_set(pod: Pod, settings: Settings) -> Findings:
    """Every container, init containers too, requests CPU and memory; a request that only a limit implies isn't said."""
    yield from _missing(pod, settings, "requests.cpu")
    yield from _missing(pod, settings, "requests.memory")


@pod_rule(
    why="A container without a memory limit takes its node down with it.",
    source="Kyverno require-requests-limits; Trivy KSV-0018; Checkov CKV_K8S_13; Polaris memoryLimitsMissing",
    level=MANDATORY,
    bad=_NOTHING,
    good=_COMPLETE,
)
def memory_limit_set(pod: Pod, settings: Settings) -> Findings:
    """Every container has a memory limit."""
    yield from _missing(pod, settings, "limits.memory")


@pod_rule(
    why="A container without a CPU limit slows its neighbours down; whether that is worse than throttling is arguable.",
    source="kube-linter unset-cpu-requirements; Trivy KSV-0011; Checkov CKV_K8S_11; contra: Kyverno forbid-cpu-limits",
    level=ADVISORY,
    bad=_NOTHING,
    good=_COMPLETE,
)
def cpu_limit_set(pod: Pod, settings: Settings) -> Findings:
    """Every container has a CPU limit."""
    yield from _missing(pod, settings, "limits.cpu")


@pod_rule(
    why="The API server refuses such a pod only when it is made: the rollout hangs instead of the preview failing.",
    source="kubernetes.io, Resource Management for Pods and Containers; asked for in kube-linter#947",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a,
      resources: {requests: {memory: 4Gi}, limits: {memory: 2Gi}}}]}}
    """,
    good=_COMPLETE,
)
def requests_within_limits(pod: Pod, _settings: Settings) -> Findings:
    """Requests and limits are quantities, no request is above its limit, and bytes are not written as thousandths.

    `memory: 512m` is half a byte: it is a quantity, but nobody means it.
    """
    for holder in (pod.spec, *pod.sized_containers):
        limits = _amounts(holder, "resources.limits")
        requests = _amounts(holder, "resources.requests")
        for name, (view, amount) in [*limits.items(), *requests.items()]:
            if amount is None or amount < 0:
                yield view.bad("", "must be a quantity, such as 500m, 2 or 4Gi")
            elif name in BYTES and 0 < amount < MI:
                yield view.bad("", "must be at least 1Mi; m means thousandths of a byte")
        for name, (view, amount) in requests.items():
            limit = limits[name][1] if name in limits else None
            if amount is not None and limit is not None and limit < amount:
                yield view.bad("", "must not be above the limit")


@pod_rule(
    why="What uses more memory than it has requested is the first to be killed when the node runs short.",
    source="Kyverno memory-requests-equal-limits; kube-score container-memory-requests-equal-limits",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a,
      resources: {requests: {memory: 2Gi}, limits: {memory: 4Gi}}}]}}
    """,
    good=_COMPLETE,
)
def memory_request_equals_limit(pod: Pod, _settings: Settings) -> Findings:
    """Memory is requested up to its limit; a limit alone is requested in full. See also `gpu-memory-guaranteed`."""
    for container in pod.sized_containers:
        request, limit = quantity.parse(container.get(REQUEST)), quantity.parse(container.get(LIMIT))
        if request is not None and request != limit:
            yield container.bad(REQUEST, "should equal the limit", request, limit)


@pod_rule(
    why="A GPU server that is killed for memory idles its GPU for as long as it loads its weights again.",
    source="Kyverno memory-requests-equal-limits, for GPUs",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a,
      resources: {requests: {memory: 16Gi}, limits: {memory: 32Gi, nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a,
      resources: {requests: {memory: 32Gi}, limits: {memory: 32Gi, nvidia.com/gpu: 1}}}]}}
    """,
)
def gpu_memory_guaranteed(pod: Pod, _settings: Settings) -> Findings:
    """What `memory-request-equals-limit` advises is mandatory for containers with a GPU: a rule has but one level."""
    for container in pod.sized_containers:
        num_gpus = gpus.requests(container)
        request, limit = quantity.parse(container.get(REQUEST)), quantity.parse(container.get(LIMIT))
        if num_gpus != 0 and request is not None and request != limit:
            yield container.bad(REQUEST, "must equal the limit in a container with a GPU", num_gpus, request, limit)


@pod_rule(
    why="Logs, scratch files and caches fill the node's disk until it evicts its pods, whoever wrote them.",
    source="kube-score container-ephemeral-storage-request-and-limit; Kyverno require-emptydir-requests-limits",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a}], volumes: [{name: tmp, emptyDir: {}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: a,
      resources: {requests: {ephemeral-storage: 1Gi}, limits: {ephemeral-storage: 1Gi}}}],
      volumes: [{name: tmp, emptyDir: {sizeLimit: 64Mi}}]}}
    """,
)
def ephemeral_storage_set(pod: Pod, settings: Settings) -> Findings:
    """Every container requests and limits its scratch space, and every emptyDir has a sizeLimit."""
    yield from _missing(pod, settings, "requests.ephemeral-storage")
    yield from _missing(pod, settings, "limits.ephemeral-storage")
    for volume in pod.spec.items("volumes"):
        limit = quantity.parse(volume.get("emptyDir.sizeLimit"))
        if volume.get("emptyDir") is not None and not limit:
            yield volume.bad("emptyDir.sizeLimit", "should be set to more than 0", limit)


def _missing(pod: Pod, settings: Settings, field: str) -> Iterator[Finding]:
    """Containers that have nothing at `resources.<field>`, nor has their pod. What is no quantity is nothing."""
    path = f"resources.{field}"
    knows_pods = settings.kubernetes_version >= POD_RESOURCES_SINCE
    shared = quantity.parse(pod.spec.get(path)) if knows_pods else None
    for container in pod.sized_containers:
        amount = quantity.parse(container.get(path))
        if not amount and not shared:
            yield container.bad(path, "must be set to more than 0", amount, shared)


def _amounts(holder: View, path: str) -> dict[str, tuple[View, Fraction | Any]]:
    """By resource: the view of the quantity, and the quantity: None where it is none, UNKNOWN where not known yet."""
    return {name: (view, quantity.parse(view.data)) for name, view in holder.entries(path).items()}
