"""Whether what runs on nodes that the provider may take back survives it when he does."""

import math
from collections.abc import Mapping
from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts import repairs
from policies.facts.bursts import bursts
from policies.facts.claims import claims, is_on_one_node
from policies.facts.replicas import workloads
from policies.facts.selector_index import index
from policies.facts.spot import TAINTS, demanding, preferring
from policies.facts.spread import MACHINE, ZONE, is_spread
from policies.rule import MANDATORY, MANDATORY_IN_PROD, Findings, pod_rule, stack_rule
from policies.settings import Settings

DEFAULT_GRACE_S = 30


@stack_rule(
    why="When a zone runs out of spot nodes, what may run nowhere else is gone until there are some again.",
    source="derived: AWS, Google Cloud and Azure give no assurance of spot capacity",
    level=MANDATORY_IN_PROD,
    bad="""
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {metadata: {labels: {app: a}}, spec: {nodeSelector: {karpenter.sh/capacity-type: spot}}}}
    """,
    good="""
    {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {metadata: {labels: {app: a}}, spec: {nodeSelector: {karpenter.sh/capacity-type: spot}}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a-on-demand}
    spec: {template: {metadata: {labels: {app: a}}, spec: {nodeSelector: {karpenter.sh/capacity-type: on-demand}}}}
    """,
)
def spot_fallback(stack: Stack, _settings: Settings) -> Findings:
    """What demands spot nodes has a sibling that doesn't: another workload behind the same Service.

    To prefer spot nodes is the simpler way: a preference falls back by itself.
    """
    services, everything = index(stack.of_kind("Service"), is_plain=True), workloads(stack)
    is_sure = all([services.is_complete, *(workload.is_known for workload in everything)]) or UNKNOWN
    behind = [(w, set(services.selecting(w.namespace, w.labels)), demanding(w.pod)) for w in everything]
    kept = {service for _, found, providers in behind if not providers for service in found}
    for workload, found, providers in behind:
        if providers and not found & kept:
            yield workload.pod.spec.bad("", "demands spot nodes, and nothing else is behind its Service", is_sure)


@stack_rule(
    why="A spot node takes its pods with it: one replica, or all of them in one place, is no service.",
    source="derived: providers take spot nodes back by zone and by kind of machine",
    level=MANDATORY_IN_PROD,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {metadata: {labels: {app: a}}, spec: {nodeSelector: {karpenter.sh/capacity-type: spot}}}}
    """,
    good="""
    {apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {
      maxUnavailable: 1, selector: {matchLabels: {app: a}}}}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      replicas: 2
      template:
        metadata: {labels: {app: a}}
        spec:
          nodeSelector: {karpenter.sh/capacity-type: spot}
          topologySpreadConstraints:
          - maxSkew: 1
            topologyKey: topology.kubernetes.io/zone
            whenUnsatisfiable: ScheduleAnyway
            labelSelector: {matchLabels: {app: a}}
    """,
)
def spot_redundancy(stack: Stack, _settings: Settings) -> Findings:
    """What demands or prefers spot nodes has two replicas, a budget, and is spread over zones or kinds of machines.

    For the burst of another workload, which is behind the same Service and off spot nodes, the last is enough.
    """
    budgets, everything = index(stack.of_kind("PodDisruptionBudget")), workloads(stack)
    extra = bursts(stack, everything)
    for workload in everything:
        if not preferring(workload.pod):
            continue
        least, is_extra = workload.least, id(workload.view.object) in extra
        if not is_extra and least.value < 2:
            yield least.view.bad(least.path, "must be at least 2 on spot nodes")
        is_sure = workload.is_known and budgets.is_complete
        if not is_extra and not budgets.selecting(workload.namespace, workload.labels):
            yield workload.view.bad("", "runs on spot nodes, and no PodDisruptionBudget selects it", is_sure or UNKNOWN)
        spread = is_spread(workload.pod, workload.labels, (ZONE, MACHINE)) if workload.is_known else UNKNOWN
        if spread is not True:
            yield workload.pod.spec.bad("", "must be spread over zones or kinds of machines on spot nodes", spread)


@pod_rule(
    why="A pod that takes longer to stop than the provider waits is cut off with its answers half written.",
    source="docs.aws.amazon.com Spot interruption notices (120 s); Google Cloud and Azure: 30 s",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      terminationGracePeriodSeconds: 300, nodeSelector: {karpenter.sh/capacity-type: spot}}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      terminationGracePeriodSeconds: 110, nodeSelector: {karpenter.sh/capacity-type: spot}}}
    """,
)
def spot_grace_fits(pod: Pod, settings: Settings) -> Findings:
    """What demands or prefers spot nodes stops within `spot_notice_s` of the settings, of the quickest provider.

    A preStop hook runs within the grace period, not before it, and so adds nothing.
    """
    providers = preferring(pod)
    notice_s = min((s for provider, s in settings.spot_notice_s.items() if provider in providers), default=math.inf)
    grace_s = pod.spec.number("terminationGracePeriodSeconds")
    if (DEFAULT_GRACE_S if grace_s is None else grace_s) > notice_s:
        yield pod.spec.bad("terminationGracePeriodSeconds", f"must be at most {notice_s} on spot nodes")


def _tolerate(data: dict[str, Any], _settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        for taint in _untolerated(pod):
            if spec.get("tolerations") is None:
                spec["tolerations"] = []
            if isinstance(spec["tolerations"], list):
                spec["tolerations"].append({**taint, "operator": "Equal"})


@pod_rule(
    why="A pod that demands spot nodes and does not tolerate their taint is never scheduled.",
    source="learn.microsoft.com Add a spot node pool to AKS",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {kubernetes.azure.com/scalesetpriority: spot}}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {kubernetes.azure.com/scalesetpriority: spot},
      tolerations: [{key: kubernetes.azure.com/scalesetpriority, operator: Equal, value: spot, effect: NoSchedule}]}}
    """,
    remedy=_tolerate,
)
def spot_taint_tolerated(pod: Pod, _settings: Settings) -> Findings:
    """What demands or prefers spot nodes tolerates the taint that the provider puts on each: so far only AKS does."""
    for taint in _untolerated(pod):
        is_sure = pod.spec.at("tolerations").is_known() or UNKNOWN
        yield pod.spec.bad("tolerations", f"must tolerate {taint['key']}={taint['value']}:{taint['effect']}", is_sure)


def _untolerated(pod: Pod) -> list[Mapping[str, Any]]:
    """The taints of the spot nodes that the pod is for, but for those that it tolerates."""
    taints = [taint for provider, taint in TAINTS.items() if provider in preferring(pod)]
    tolerations = pod.spec.items("tolerations")
    return [taint for taint in taints if not any(_tolerates(toleration, taint) for toleration in tolerations)]


def _tolerates(toleration: View, taint: Mapping[str, Any]) -> bool:
    key, is_any = toleration.get("key"), toleration.get("operator") == "Exists"
    is_this = key == taint["key"] and (is_any or toleration.get("value") == taint["value"])
    return toleration.get("effect") in (None, "", taint["effect"]) and (is_this or (is_any and key in (None, "")))


@stack_rule(
    why="A volume of one zone keeps a pod from a spot node in another one when its own is taken back.",
    source="kubernetes.io Storage Classes, topology; EBS, Persistent Disk and Azure Disk are of one zone",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: cache}, spec: {accessModes: [ReadWriteOnce]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {karpenter.sh/capacity-type: spot},
      volumes: [{name: cache, persistentVolumeClaim: {claimName: cache}}]}}
    """,
    good="""
    {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: cache}, spec: {accessModes: [ReadOnlyMany]}}
    ---
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      nodeSelector: {karpenter.sh/capacity-type: spot},
      volumes: [{name: cache, persistentVolumeClaim: {claimName: cache}}]}}
    """,
)
def spot_zonal_volume(stack: Stack, _settings: Settings) -> Findings:
    """What demands spot nodes mounts no claim for one node, its own or made from a template.

    Whether a storage class spans zones can't be told from its name, so none is believed to.
    """
    for pod in stack.pods:
        if demanding(pod):
            templates = pod.object.view(stack.trace).items("spec.volumeClaimTemplates")
            for place, claim in [*claims(stack, pod), *((template, template) for template in templates)]:
                if claim is UNKNOWN or (claim is not None and is_on_one_node(claim)):
                    yield place.bad("", "binds a pod on spot nodes to one zone", claim)
