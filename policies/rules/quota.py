"""Whether everything fits its quota: at the most replicas, and while a new version takes the place of the old one."""

import math
from collections.abc import Mapping
from typing import Any

from policies import gpus
from policies.int_or_percent import pods
from policies.objects import Stack
from policies.quotas import held, quotas
from policies.replicas import Workload, workloads
from policies.rule import MANDATORY, Findings, stack_rule
from policies.selector_index import is_identified
from policies.settings import Settings
from policies.unknown import UNKNOWN, is_unknown

DEFAULT_SHARE = "25%"
"""Of maxSurge and maxUnavailable of a Deployment."""


@stack_rule(
    why="Replicas beyond the quota are never created: the autoscaler asks for them in vain while requests queue.",
    source="derived: kubernetes.io Resource Quotas against Horizontal Pod Autoscaling",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: ResourceQuota, metadata: {name: gpus}, spec: {hard: {requests.nvidia.com/gpu: 3}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 2, maxReplicas: 4}
    """,
    good="""
    {apiVersion: v1, kind: ResourceQuota, metadata: {name: gpus}, spec: {hard: {requests.nvidia.com/gpu: 4}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 2, maxReplicas: 4}
    """,
)
def hpa_within_quota(stack: Stack, settings: Settings) -> Findings:
    """All workloads of a namespace at their most replicas fit each of its quotas, and all GPUs `max_gpus`.

    Jobs are left out: they end, and may wait for room.
    """
    inside = _by_namespace(stack)
    for namespace, bounds in quotas(stack).items():
        for bound in bounds:
            needed = _needed(inside.get(namespace, []), bound.key)
            if needed > bound.most:
                message = f"is {float(bound.most):g}, and the most replicas need {float(needed):g}"
                yield bound.view.bad(("spec", "hard", bound.key), message)
    total: Any = 0
    for workload in (each for together in inside.values() for each in together):
        before, total = total, total + workload.most.value * gpus.of_pod(workload.pod)
        if settings.max_gpus is not None and before <= settings.max_gpus < total:
            yield workload.most.view.bad(
                workload.most.path, f"more than {settings.max_gpus} GPUs in all, with this one"
            )


@stack_rule(
    why="A roll-out that must add a pod before it may take one away waits for ever where none can be added.",
    source="derived: kubernetes.io Deployments, Max Surge and Max Unavailable, against Resource Quotas",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: ResourceQuota, metadata: {name: gpus}, spec: {hard: {requests.nvidia.com/gpu: 2}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      replicas: 2
      strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
      template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: ResourceQuota, metadata: {name: gpus}, spec: {hard: {requests.nvidia.com/gpu: 2}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      replicas: 2
      strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}
      template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
)
def surge_within_quota(stack: Stack, settings: Settings) -> Findings:
    """Where no replica may be missing, the surge of each Deployment fits on top of all at their most replicas.

    One Deployment at a time: another one that waits goes on when this one is done. Where a replica may be missing, a
    surge that does not fit only makes the roll-out slower.
    """
    inside = _by_namespace(stack)
    bounds = quotas(stack)
    total = sum(w.most.value * gpus.of_pod(w.pod) for together in inside.values() for w in together)
    for namespace, together in inside.items():
        needs = [(bound, _needed(together, bound.key)) for bound in bounds.get(namespace, [])]
        for workload in together:
            kind, surge = workload.view.get("spec.strategy.type"), _surge(workload)
            if workload.view.object.kind != "Deployment" or kind == "Recreate":
                continue
            if all(share in (0, "0%") for share in _shares(workload)):
                yield workload.view.bad("spec.strategy.rollingUpdate", "lets no pod be added and none be missing", kind)
            path = "spec.strategy.rollingUpdate.maxSurge"
            for bound, need in needs:
                if need <= bound.most < need + surge * held(workload.pod, bound.key):
                    yield workload.view.bad(path, f"does not fit {bound.key} on top of the most replicas", kind)
            more = total + surge * gpus.of_pod(workload.pod)
            if settings.max_gpus is not None and total <= settings.max_gpus < more:
                yield workload.view.bad(path, f"more than {settings.max_gpus} GPUs on top of the most replicas", kind)


def _surge(workload: Workload) -> Any:
    """Pods that a roll-out must add before it may take one away; 0 where it may at once, UNKNOWN where `up` knows."""
    most = workload.most.value
    surge, unavailable = (pods(share, most) for share in _shares(workload))
    if is_unknown(surge, unavailable):
        return UNKNOWN
    return math.ceil(surge) if unavailable < 1 else 0


def _shares(workload: Workload) -> tuple[Any, Any]:
    rolling = workload.view.at("spec.strategy.rollingUpdate")
    shares = (rolling.get(path) for path in ("maxSurge", "maxUnavailable"))
    surge, unavailable = (DEFAULT_SHARE if share is None else share for share in shares)
    return surge, unavailable


def _by_namespace(stack: Stack) -> Mapping[str, list[Workload]]:
    """The workloads of each namespace. One whose namespace is not known is noted, and left out."""
    found: dict[str, list[Workload]] = {}
    for workload in workloads(stack):
        if is_identified(workload.view):
            found.setdefault(workload.namespace, []).append(workload)
    return found


def _needed(together: list[Workload], key: str) -> Any:
    return sum(workload.most.value * held(workload.pod, key) for workload in together)


@stack_rule(
    why="Without a quota of GPUs, one namespace can buy every GPU that the cluster may have.",
    source="derived: kubernetes.io Resource Quotas, extended resources",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: ResourceQuota, metadata: {name: gpus}, spec: {hard: {requests.nvidia.com/gpu: 4}}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
)
def gpu_quota_present(stack: Stack, _settings: Settings) -> Findings:
    """Wherever a pod asks for GPUs, its namespace has a quota of that resource."""
    views = stack.of_kind("ResourceQuota")
    bounded = {(view.object.namespace, key) for view in views for key in view.entries("spec.hard")}
    is_sure = all(is_identified(view) and view.at("spec").is_known() for view in views)
    for pod in stack.pods:
        namespace = pod.object.namespace
        is_placed = is_identified(pod.object.view(stack.trace))
        for container in pod.containers:
            for name, count in gpus.by_resource(container).items():
                if count != 0 and (namespace, f"requests.{name}") not in bounded:
                    known = (is_sure and is_placed) or UNKNOWN
                    yield container.bad("resources.limits", f"its namespace has no quota requests.{name}", known, count)
