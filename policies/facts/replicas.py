"""How many pods a workload has, at least and at most, when all that scales it is taken into account.

Knows the kinds that have replicas, those of OpenShift and of Argo too, and what scales them: HorizontalPodAutoscaler
and KEDA's ScaledObject. Knows no rule.

Not here: a DaemonSet, which has as many pods as there are nodes, and a Job, which ends.

Source: kubernetes.io "Horizontal Pod Autoscaling"; keda.sh "ScaledObject specification".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts.selector_index import is_identified

KINDS = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "DeploymentConfig", "Rollout")
DEFAULT_TARGET = "Deployment"
"""What a ScaledObject scales if it doesn't say."""

_BOUNDS = {
    "HorizontalPodAutoscaler": (("spec.minReplicas", 1), ("spec.maxReplicas", 1)),
    "ScaledObject": (("spec.minReplicaCount", 0), ("spec.maxReplicaCount", 100)),
}
"""Where each autoscaler keeps its bounds, with their defaults. A HorizontalPodAutoscaler must have a maximum."""

Target = tuple[Any, Any, Any]
"""Kind, namespace, name. Each may be UNKNOWN; nothing is called None."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A number of pods, and where it is written."""

    value: Any
    view: View
    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Scaler:
    """An autoscaler."""

    view: View
    target: Target
    least: Bound
    most: Bound


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """Something with replicas. The bounds are UNKNOWN where they, or what scales it, are not known yet."""

    view: View
    least: Bound
    most: Bound
    scalers: tuple[Scaler, ...]

    @property
    def pod(self) -> Pod:
        """Its template."""
        return Pod(self.view.at("spec.template"))

    @property
    def namespace(self) -> str:
        """Where its pods are."""
        return self.view.object.namespace

    @property
    def labels(self) -> Mapping[str, Any]:
        """Those of its pods; its own selector, which they must match, stands in for a template that has none."""
        selected = self.view.at("spec.selector.matchLabels").expect(dict, "a mapping")
        return {**(selected or {}), **self.pod.labels}

    @property
    def is_known(self) -> bool:
        """Whether its name, namespace and labels are known, so that it can be said what selects it."""
        labels = [self.view.at("spec.template.metadata.labels"), self.view.at("spec.selector")]
        return all([is_identified(self.view), *(each.is_known() for each in labels)])


def scalers(stack: Stack) -> list[Scaler]:
    """Every autoscaler of the stack."""
    return [_scaler(view) for view in stack.of_kind(*_BOUNDS)]


def workloads(stack: Stack) -> list[Workload]:
    """Everything that has replicas, with what scales it."""
    by_target: dict[Target, list[Scaler]] = {}
    everything = scalers(stack)
    for scaler in everything:
        by_target.setdefault(scaler.target, []).append(scaler)
    is_open = any(is_unknown(scaler.target) for scaler in everything)
    return [_workload(view, by_target, is_open=is_open) for view in stack.of_kind(*KINDS)]


def _scaler(view: View) -> Scaler:
    kind, name = view.text("spec.scaleTargetRef.kind"), view.text("spec.scaleTargetRef.name")
    namespace = view.object.namespace if is_identified(view) else UNKNOWN
    least, most = (_bound(view, path, default) for path, default in _BOUNDS[view.object.kind])
    return Scaler(view, (DEFAULT_TARGET if kind is None else kind, namespace, name), least, most)


def _workload(view: View, by_target: Mapping[Target, list[Scaler]], *, is_open: bool) -> Workload:
    own, is_known = view.object, is_identified(view)
    replicas = _bound(view, "spec.replicas", 1)
    found = by_target.get((own.kind, own.namespace, own.name)) if is_known else None
    if found:
        return Workload(view, found[0].least, found[0].most, tuple(found))
    if is_open or (by_target and not is_known):
        replicas = Bound(UNKNOWN, view, replicas.path)
    return Workload(view, replicas, replicas, ())


def _bound(view: View, path: str, default: int) -> Bound:
    value = view.number(path)
    return Bound(default if value is None else value, view, path)
