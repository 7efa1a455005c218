"""How many replicas there are, and whether what changes their number is sound."""

from typing import Any

from kube import gpus
from kube.objects import Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts.bursts import bursts
from policies.facts.replicas import Bound, Scaler, scalers, workloads
from policies.rule import MANDATORY, MANDATORY_IN_PROD, Findings, stack_rule
from policies.settings import Settings

SERVING = ("Deployment", "StatefulSet", "DeploymentConfig", "Rollout")
"""What serves, and would go on serving with more replicas. A ReplicaSet belongs to one of them."""


@stack_rule(
    why="A single replica is gone while its node is drained, and while it loads again.",
    source="kube-linter minimum-three-replicas; Pulumi minimum replicas; Polaris deploymentMissingReplicas",
    level=MANDATORY_IN_PROD,
    bad="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1}}
    """,
    good="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 2}}
    """,
)
def min_replicas(stack: Stack, settings: Settings) -> Findings:
    """What serves has `min_replicas` at least, on GPUs `min_gpu_replicas`; of an autoscaler, its minimum counts.

    Not the burst of another workload, on spot nodes behind the same Service: the other one is what stays.
    """
    everything = workloads(stack)
    extra = bursts(stack, everything)
    for workload in everything:
        if workload.view.object.kind in SERVING and id(workload.view.object) not in extra:
            yield from _enough(workload.least, gpus.of_pod(workload.pod), settings)


@stack_rule(
    why="An autoscaler without a target, or two for one target, leaves the number of replicas to chance.",
    source="kube-linter dangling-horizontalpodautoscaler; kube-score; Kyverno check-hpa-exists, prevent-duplicate-hpa",
    level=MANDATORY,
    bad="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 2}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 2, maxReplicas: 5}
    """,
    good="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, minReplicas: 2, maxReplicas: 5}
    """,
)
def hpa_valid(stack: Stack, settings: Settings) -> Findings:
    """The target exists, is scaled by one autoscaler alone and names no number itself; the bounds make sense.

    A target may be outside the stack if the stack has neither the namespace nor any workload in it.
    """
    everything = workloads(stack)
    used_gpus = {id(scaler.view.object): gpus.of_pod(each.pod) for each in everything for scaler in each.scalers}
    extra = bursts(stack, everything)
    of_bursts = {
        id(scaler.view.object) for each in everything if id(each.view.object) in extra for scaler in each.scalers
    }
    inside = {workload.namespace for workload in everything}
    for scaler in scalers(stack):
        yield from _bounds(scaler)
        if settings.environment == "prod" and id(scaler.view.object) not in of_bursts:
            yield from _enough(scaler.least, used_gpus.get(id(scaler.view.object)), settings)
        found = UNKNOWN if is_unknown(scaler.target) else stack.lookup(*scaler.target)
        namespace = scaler.view.object.namespace
        owner = namespace in inside or stack.lookup("Namespace", "default", namespace)
        if isinstance(found, View):
            yield from _target(scaler, found)
        elif owner is not None:
            yield scaler.view.bad("spec.scaleTargetRef", "there is no such object in the stack", found, owner)
    for workload in everything:
        for scaler in workload.scalers[1:]:
            yield scaler.view.bad("spec.scaleTargetRef", "another autoscaler has the same target")


def _bounds(scaler: Scaler) -> Findings:
    if scaler.least.value > scaler.most.value:
        yield scaler.view.bad(scaler.most.path, "must not be below the minimum")


def _enough(least: Bound, used_gpus: Any, settings: Settings) -> Findings:
    """A replica on a GPU costs as much as many others: how many of those stand by is a decision of its own."""
    wanted = settings.min_gpu_replicas if used_gpus else settings.min_replicas
    if least.value < wanted:
        yield least.view.bad(least.path, f"must be at least {wanted}", used_gpus)


def _target(scaler: Scaler, found: View) -> Findings:
    version = scaler.view.text("spec.scaleTargetRef.apiVersion")
    if isinstance(version, str) and version.rpartition("/")[0] != found.object.group:
        yield scaler.view.bad("spec.scaleTargetRef.apiVersion", "must be that of the target")
    replicas = found.get("spec.replicas")
    if replicas is not None:
        yield found.bad("spec.replicas", "must not be set, since an autoscaler decides", replicas)
