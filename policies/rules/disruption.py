"""What is left of a workload while nodes are drained, and where its replicas are."""

from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts import repairs
from policies.facts.int_or_percent import pods
from policies.facts.replicas import workloads
from policies.facts.selector_index import index
from policies.facts.spread import NODE, ZONE, is_spread
from policies.rule import ADVISORY, MANDATORY, MANDATORY_IN_PROD, Findings, object_rule, pod_rule, stack_rule
from policies.settings import Settings

BUDGET = "PodDisruptionBudget"
DEFAULT_GRACE_S = 30


@stack_rule(
    why="Without a budget, draining nodes takes away all replicas at the same time.",
    source="Kyverno require-pdb; kube-score pod-disruptionbudget; Polaris missingPodDisruptionBudget",
    level=MANDATORY_IN_PROD,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {replicas: 2, template: {metadata: {labels: {app: a}}}}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {replicas: 2, template: {metadata: {labels: {app: a}}}}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: a}
    spec: {maxUnavailable: 1, selector: {matchLabels: {app: a}}}
    """,
)
def pdb_present(stack: Stack, _settings: Settings) -> Findings:
    """A budget selects the pods of everything that can have more than one replica."""
    budgets = index(stack.of_kind(BUDGET))
    for workload in workloads(stack):
        is_sure = workload.is_known and budgets.is_complete
        if workload.most.value > 1 and not budgets.selecting(workload.namespace, workload.labels):
            yield workload.view.bad("", "no PodDisruptionBudget selects its pods", is_sure or UNKNOWN)


@stack_rule(
    why="A budget that never allows a pod to go blocks every drain of its node, and so every upgrade.",
    source="kube-linter pdb-min-available, pdb-max-unavailable; Pulumi; Kyverno; Polaris; Gatekeeper",
    level=MANDATORY,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {replicas: 2, template: {metadata: {labels: {app: a}}}}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: a}
    spec: {minAvailable: 2, selector: {matchLabels: {app: a}}}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {replicas: 2, template: {metadata: {labels: {app: a}}}}
    ---
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: a}
    spec: {minAvailable: 1, selector: {matchLabels: {app: a}}}
    """,
)
def pdb_allows_disruption(stack: Stack, _settings: Settings) -> Findings:
    """Of the fewest replicas that there can be, a budget lets one go; and a pod has one budget, else none can go.

    An autoscaler that goes down to none counts as one replica: that is when the budget matters.
    """
    budgets = index(stack.of_kind(BUDGET))
    selected: dict[View, list[Any]] = {}
    for workload in workloads(stack):
        found = budgets.selecting(workload.namespace, workload.labels) if workload.is_known else []
        for budget in found:
            selected.setdefault(budget, []).append(workload.least.value)
        for budget in found[1:]:
            yield budget.bad("spec.selector", "another budget selects the same pods, so that none can be evicted")
    for budget in stack.of_kind(BUDGET):
        missing, kept = budget.get("spec.maxUnavailable"), budget.get("spec.minAvailable")
        least = max(sum(selected.get(budget, ())), 1)
        if missing is not None and pods(missing, least) <= 0:
            yield budget.bad("spec.maxUnavailable", "must be more than 0")
        if (budget in selected or kept == "100%") and pods(kept, least) > least - 1:
            yield budget.bad("spec.minAvailable", "must be less than the fewest replicas, percentages rounded up")


def _allow_eviction(data: dict[str, Any], _settings: Settings) -> None:
    if repairs.get(data, "spec.unhealthyPodEvictionPolicy") is None:
        repairs.put(data, "spec.unhealthyPodEvictionPolicy", "AlwaysAllow")


@object_rule(
    BUDGET,
    why="By default a pod that is not ready can't be evicted: one that is broken blocks a drain for ever.",
    source="kube-linter pdb-unhealthy-pod-eviction-policy; kubernetes.io unhealthyPodEvictionPolicy",
    level=ADVISORY,
    bad="""
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: a}
    spec: {maxUnavailable: 1, selector: {}}
    """,
    good="""
    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: a}
    spec: {maxUnavailable: 1, selector: {}, unhealthyPodEvictionPolicy: AlwaysAllow}
    """,
    remedy=_allow_eviction,
)
def pdb_unhealthy_eviction(budget: View, _settings: Settings) -> Findings:
    """The policy is named, whichever it is."""
    if budget.text("spec.unhealthyPodEvictionPolicy") is None:
        yield budget.bad("spec.unhealthyPodEvictionPolicy", "must be set, best to AlwaysAllow")


@stack_rule(
    why="Replicas that share a node or a zone are lost together.",
    source="kube-linter no-anti-affinity; Kyverno require-pod-antiaffinity; Polaris; kube-score",
    level=MANDATORY_IN_PROD,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {replicas: 2, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a}]}}}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      replicas: 2
      template:
        metadata: {labels: {app: a}}
        spec:
          containers: [{name: a}]
          topologySpreadConstraints:
          - maxSkew: 1
            topologyKey: topology.kubernetes.io/zone
            whenUnsatisfiable: ScheduleAnyway
            labelSelector: {matchLabels: {app: a}}
    """,
)
def spread_replicas(stack: Stack, settings: Settings) -> Findings:
    """What can have more than one replica keeps them apart, over nodes or zones, by demand or by preference.

    Not where there is one node to be on (`single_node` of the settings).
    """
    for workload in workloads(stack) if not settings.single_node else ():
        if workload.most.value > 1:
            spread = is_spread(workload.pod, workload.labels, (NODE, ZONE)) if workload.is_known else UNKNOWN
            if spread is not True:
                yield workload.pod.spec.bad("", "nothing keeps its replicas apart over nodes or zones", spread)


@pod_rule(
    why="A server that is killed at once cuts off the answers that it is writing.",
    source="datree; Kyverno mutate-large-termination-gps; kubernetes.io Pod Lifecycle",
    level=ADVISORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {terminationGracePeriodSeconds: 5, containers: [{name: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {terminationGracePeriodSeconds: 60, containers: [{name: a}]}}
    """,
)
def graceful_stop(pod: Pod, settings: Settings) -> Findings:
    """A pod has `min_grace_s` of the settings to stop, or each container a preStop hook. Jobs write no answers."""
    if pod.object.kind in ("Job", "CronJob"):
        return
    grace_s = pod.spec.number("terminationGracePeriodSeconds")
    hooks = [container.get("lifecycle.preStop") for container in pod.main_containers]
    if (DEFAULT_GRACE_S if grace_s is None else grace_s) < settings.min_grace_s and None in hooks:
        yield pod.spec.bad("terminationGracePeriodSeconds", f"must be at least {settings.min_grace_s}")
