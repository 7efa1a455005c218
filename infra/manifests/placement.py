"""Where a pod may, should and must run, in the words of Kubernetes.

Only what is asked for is said: an empty field would be a difference at every update.
"""

from dataclasses import replace

from infra import names
from infra.manifests.objects import Manifest
from infra.plan import ModelPlan, Placement, Requirement, Tier, Toleration

TOGETHER = 50
"""Of 100: less than what a node is."""


def placement(model: ModelPlan, tier: Tier) -> Manifest:
    """Fields of the pod's spec."""
    wanted = tier.placement
    found: Manifest = {}
    if wanted.spread_over:
        found["topologySpreadConstraints"] = [_spread(model, tier, key) for key in wanted.spread_over]
    if wanted.tolerations:
        found["tolerations"] = [_toleration(each) for each in wanted.tolerations]
    if affinity := {**_node_affinity(wanted), **(_together(model) if wanted.pack else {})}:
        found["affinity"] = affinity
    if wanted.scheduler is not None:
        found["schedulerName"] = wanted.scheduler
    return found


def where(tier: Tier) -> Manifest:
    """On which nodes the tier's pods can be at all: for others that must share a volume with them."""
    wanted = replace(tier.placement, preferred=())
    found: Manifest = {}
    if wanted.tolerations:
        found["tolerations"] = [_toleration(each) for each in wanted.tolerations]
    if affinity := _node_affinity(wanted):
        found["affinity"] = affinity
    return found


def _spread(model: ModelPlan, tier: Tier, key: str) -> Manifest:
    """Even over zones or nodes, but rather uneven than pending; each rollout is counted on its own."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": names.tier_selector(model.id, tier.name)},
        "matchLabelKeys": ["pod-template-hash"],
    }


def _toleration(wanted: Toleration) -> Manifest:
    match: Manifest = {"operator": "Exists"}
    if wanted.value is not None:
        match = {"operator": "Equal", "value": wanted.value}
    return {"key": wanted.key, **match, **({"effect": wanted.effect} if wanted.effect else {})}


def _node_affinity(wanted: Placement) -> Manifest:
    found: Manifest = {}
    if wanted.required or wanted.one_of:
        terms = [(*one, *wanted.required) for one in wanted.one_of or ((),)]
        found["requiredDuringSchedulingIgnoredDuringExecution"] = {
            "nodeSelectorTerms": [{"matchExpressions": [_expression(each) for each in term]} for term in terms]
        }
    if wanted.preferred:
        found["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": each.weight, "preference": {"matchExpressions": [_expression(one) for one in each.requirements]}}
            for each in wanted.preferred
        ]
    return {"nodeAffinity": found} if found else {}


def _together(model: ModelPlan) -> Manifest:
    """Near other models of the same hardware. Not near its own replicas: these are spread."""
    others = {
        "matchLabels": {names.HARDWARE_LABEL: hardware_of(model), names.ROLE_LABEL: names.ROLE_MODEL},
        "matchExpressions": [{"key": names.MODEL_LABEL, "operator": "NotIn", "values": [model.id]}],
    }
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": others}
    return {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": TOGETHER, "podAffinityTerm": term}
    ]}}  # fmt: skip


def hardware_of(model: ModelPlan) -> str:
    """The value of the label by which pods of a kind of nodes find each other."""
    return "gpu" if model.gpu else "cpu"


def _expression(wanted: Requirement) -> Manifest:
    values: Manifest = {"values": list(wanted.values)} if wanted.values else {}
    return {"key": wanted.key, "operator": wanted.operator, **values}
