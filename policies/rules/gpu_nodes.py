"""Onto which nodes a pod with GPUs goes, and that others stay away from there."""

from __future__ import annotations

from typing import Any

from kube import gpus
from kube.objects import Pod
from kube.view import View
from policies.facts import hardware, repairs
from policies.facts.placement import Placement, Requirement, placement
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

SCHEDULES = (None, "", "NoSchedule")
"""Effects of a toleration that let a pod onto a node whose taint says NoSchedule, as taints of GPU nodes do."""


def _tolerate_gpus(data: dict[str, Any], settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        tolerations = spec.get("tolerations") or []
        finding = next(iter(_untolerated(pod, settings)), None)
        if isinstance(tolerations, list) and finding is not None and not finding.undecided:
            names = sorted({name for container in pod.containers for name in gpus.by_resource(container)})
            added = [{"key": name, "operator": "Exists", "effect": "NoSchedule"} for name in names]
            spec["tolerations"] = [*tolerations, *added]


@pod_rule(
    why="GPU nodes carry a taint on every provider; without a toleration the pod stays pending for ever.",
    source="kubernetes/kubernetes#55839 (ExtendedResourceToleration); Azure/AKS#1449: AKS does not have it",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}],
      containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    remedy=_tolerate_gpus,
)
def gpu_toleration_present(pod: Pod, settings: Settings) -> Findings:
    """A pod with GPUs tolerates a NoSchedule taint that speaks of GPUs, unless the cluster adds the toleration itself.

    How a node is tainted can't be seen from the pod: providers use the resource's name, AKS suggests `sku=gpu`, others
    name the GPU. So a toleration whose key or value names a GPU is enough.
    """
    yield from _untolerated(pod, settings)


def _untolerated(pod: Pod, settings: Settings) -> Findings:
    tolerations = pod.spec.items("tolerations")
    if settings.extended_resource_toleration or any(_lets_onto_gpus(each) for each in tolerations):
        return
    held = gpus.of_pod(pod)
    if held == 0:
        return
    raw = [each.get(field) for each in tolerations for field in ("key", "operator", "value", "effect")]
    yield pod.spec.bad("tolerations", "must tolerate the taint of GPU nodes", held, pod.spec.get("tolerations"), *raw)


def _lets_onto_gpus(toleration: View) -> bool:
    words = [toleration.text("key"), toleration.text("value")]
    return _tolerates_anything(toleration) or (
        toleration.text("effect") in SCHEDULES and any(_names_a_gpu(word) for word in words)
    )


def _tolerates_anything(toleration: View) -> bool:
    no_key = toleration.text("key") in (None, "")
    return no_key and toleration.text("operator") == "Exists" and toleration.text("effect") in SCHEDULES


def _names_a_gpu(word: Any) -> bool:
    return isinstance(word, str) and ("gpu" in word.lower() or gpus.is_gpu(word) or hardware.is_known(word))


@pod_rule(
    why="On whatever GPU comes first, neither the memory nor the price of the pod is known.",
    source="No peer has it; NVIDIA gpu-feature-discovery, GKE, Karpenter and AKS label nodes for this purpose",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-L4},
      containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
)
def gpu_node_pinned(pod: Pod, _settings: Settings) -> Findings:
    """A pod with GPUs says by node selector or required affinity which GPU, machine type or pool it wants.

    Every term of the affinity must say it, for the pod may land where any of them allows. The labels are those of
    `data/node_labels.yaml`; under another label, values that name a GPU or a machine will do. A slice of a GPU
    (`nvidia.com/mig-1g.10gb`) names its memory itself, and `nodeName` names the node.
    """
    held = gpus.of_pod(pod)
    if held == 0:
        return
    names = [name for container in pod.containers for name in gpus.by_resource(container)]
    where = placement(pod)
    if pod.spec.text("nodeName") or all(hardware.is_known(name) for name in names) or _is_pinned(where):
        return
    message = "must name the GPU, the machine type or a pool of one machine type"
    yield pod.spec.bad("nodeSelector", message, held, pod.spec.get("nodeName"), where.raw)


def _is_pinned(where: Placement) -> bool:
    return all(any(_pins(requirement) for requirement in term) for term in where.terms)


def _pins(requirement: Requirement) -> bool:
    if requirement.names("memory_mib") and requirement.operator == "Gt":
        return True
    is_label = any(requirement.names(kind) for kind in ("memory_mib", "pool", "node"))
    return requirement.names_hardware or (is_label and bool(requirement.texts))


@pod_rule(
    why="A pod without a GPU that may run on a GPU node takes its room and keeps the dearest node alive.",
    source="No peer has it; Kyverno restrict-controlplane-scheduling does the same for control planes",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      tolerations: [{key: nvidia.com/gpu, operator: Exists}], containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      tolerations: [{key: spot, operator: Exists}], containers: [{name: a, image: a}]}}
    """,
)
def cpu_pod_off_gpu_nodes(pod: Pod, _settings: Settings) -> Findings:
    """A pod without GPUs tolerates neither the taint of GPU nodes nor every taint.

    A DaemonSet may: it belongs on every node, and autoscalers don't count its pods. So may a pod with resource claims:
    the device that it claims may be a GPU.
    """
    for toleration in pod.spec.items("tolerations"):
        key, effect = toleration.text("key"), toleration.text("effect")
        names_gpu = isinstance(key, str) and gpus.is_gpu(key) and effect in SCHEDULES
        if (names_gpu or _tolerates_anything(toleration)) and pod.object.kind != "DaemonSet":
            held, claims = gpus.of_pod(pod), pod.spec.items("resourceClaims")
            if not (held > 0 or claims):
                yield toleration.bad("", "must go: the pod has no GPU", held, pod.spec.get("resourceClaims"))
