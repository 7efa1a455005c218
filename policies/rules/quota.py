"""Whether everything fits its quota: at the most replicas, and while a new version takes the place of the old one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kube import gpus
from kube.objects import Stack
from kube.unknown import UNKNOWN, is_unknown
from policies.facts.int_or_percent import pods
from policies.facts.quotas import Quota, held, quotas
from policies.facts.replicas import Workload, workloads
from policies.facts.selector_index import is_identified
from policies.rule import MANDATORY, Findings, stack_rule
from policies.settings import Settings

DEFAULT_SHARE = "25%"
"""Of maxSurge and maxUnavailable of a Deployment."""


@dataclass(frozen=True, slots=True, eq=False)
class _Share:
    """What a workload has of its namespace: at the most so many pods, each of which holds so much."""

    workload: Workload
    most: Any
    held: Mapping[str, Any]
    num_gpus: Any


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
            needed = sum(each.most * each.held.get(bound.key, 0) for each in inside.get(namespace, ()))
            if needed > bound.most:
                message = f"is {float(bound.most):g}, and the most replicas need {float(needed):g}"
                yield bound.view.bad(("spec", "hard", bound.key), message)
    total: Any = 0
    for each in (each for together in inside.values() for each in together):
        before, total = total, total + each.most * each.num_gpus
        if settings.max_gpus is not None and before <= settings.max_gpus < total:
            most = each.workload.most
            yield most.view.bad(most.path, f"more than {settings.max_gpus} GPUs in all, with this one")


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
    total = sum(each.most * each.num_gpus for together in inside.values() for each in together)
    for namespace, together in inside.items():
        most = {
            bound: sum(each.most * each.held.get(bound.key, 0) for each in together)
            for bound in bounds.get(namespace, ())
        }
        for each in together:
            yield from _deadlock(each, most, total, settings)


def _deadlock(each: _Share, most: Mapping[Quota, Any], total: Any, settings: Settings) -> Findings:
    deployment, path = each.workload.view, "spec.strategy.rollingUpdate"
    kind = deployment.get("spec.strategy.type")
    if deployment.object.kind != "Deployment" or kind == "Recreate":
        return
    surge, unavailable = _shares(each.workload)
    if surge in (0, "0%") and unavailable in (0, "0%"):
        yield deployment.bad(path, "lets no pod be added and none be missing", kind)
    added = _added(surge, unavailable, each.most)
    for bound, needed in most.items():
        if needed <= bound.most < needed + added * each.held.get(bound.key, 0):
            yield deployment.bad(f"{path}.maxSurge", f"does not fit {bound.key} on top of the most replicas", kind)
    if settings.max_gpus is not None and total <= settings.max_gpus < total + added * each.num_gpus:
        message = f"more than {settings.max_gpus} GPUs on top of the most replicas"
        yield deployment.bad(f"{path}.maxSurge", message, kind)


def _added(surge: Any, unavailable: Any, most: Any) -> Any:
    """Pods that a roll-out must add before it may take one away; 0 where it may at once, UNKNOWN where `up` knows."""
    added, missing = pods(surge, most), pods(unavailable, most)
    if is_unknown(added, missing):
        return UNKNOWN
    return math.ceil(added) if missing < 1 else 0


def _shares(workload: Workload) -> tuple[Any, Any]:
    rolling = workload.view.at("spec.strategy.rollingUpdate")
    shares = (rolling.get(path) for path in ("maxSurge", "maxUnavailable"))
    surge, unavailable = (DEFAULT_SHARE if share is None else share for share in shares)
    return surge, unavailable


def _by_namespace(stack: Stack) -> Mapping[str, list[_Share]]:
    """The workloads of each namespace. One whose namespace is not known is noted, and left out."""
    found: dict[str, list[_Share]] = {}
    for workload in workloads(stack):
        if is_identified(workload.view):
            each = held(workload.pod)
            num_gpus = sum(amount for key, amount in each.items() if gpus.is_gpu(key))
            share = _Share(workload, workload.most.value, each, num_gpus)
            found.setdefault(workload.namespace, []).append(share)
    return found


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
