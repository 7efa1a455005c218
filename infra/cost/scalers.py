"""How many replicas a workload may have: from its own number, its HorizontalPodAutoscaler, or its KEDA ScaledObject.

Sources: HorizontalPodAutoscaler autoscaling/v2 (minReplicas defaults to 1); KEDA ScaledObject v1alpha1 (minReplicaCount
defaults to 0, maxReplicaCount to 100; cron triggers raise the least number while they are active).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.cost import cron
from infra.cost.types import Unpriced, Window
from policies.objects import Stack
from policies.view import View

KEDA_MOST = 100


@dataclass(frozen=True, slots=True)
class Scaler:
    """Bounds of one workload. `problems` are parts of its schedule that could not be read."""

    least: int
    most: int
    schedule: tuple[Window, ...] = ()
    problems: tuple[Unpriced, ...] = ()


def scalers(stack: Stack) -> Mapping[tuple[str, str, str], Scaler]:
    """By kind, namespace and name of the workload that is scaled."""
    found: dict[tuple[str, str, str], Scaler] = {}
    for view in stack.of_kind("HorizontalPodAutoscaler"):
        found[_target(view, "Deployment")] = Scaler(_number(view, "spec.minReplicas", 1), _most(view))
    for view in stack.of_kind("ScaledObject"):
        found[_target(view, "Deployment")] = _keda(view)
    return found


def _target(view: View, default_kind: str) -> tuple[str, str, str]:
    target = view.at("spec.scaleTargetRef")
    return str(target.text("kind") or default_kind), view.object.namespace, str(target.text("name") or "")


def _most(view: View) -> int:
    least = _number(view, "spec.minReplicas", 1)
    return max(_number(view, "spec.maxReplicas", least), least)


def _keda(view: View) -> Scaler:
    least = _number(view, "spec.minReplicaCount", 0)
    most = max(_number(view, "spec.maxReplicaCount", KEDA_MOST), least)
    windows: list[Window] = []
    problems: list[Unpriced] = []
    for trigger in view.items("spec.triggers"):
        if trigger.text("type") != "cron":
            continue
        found = _windows(trigger, least, most)
        if found is None:
            problems.append(Unpriced(view.object.id, "a cron trigger that no week can tell; its hours count as others"))
        else:
            windows += found
    return Scaler(least, most, tuple(windows), tuple(problems))


def _windows(trigger: View, least: int, most: int) -> list[Window] | None:
    start, end = trigger.text("metadata.start"), trigger.text("metadata.end")
    wanted = str(trigger.get("metadata.desiredReplicas"))
    if not isinstance(start, str) or not isinstance(end, str) or not wanted.isdigit():
        return None
    count = min(max(int(wanted), least), most)
    return cron.windows(start, end, count, most)


def _number(view: View, path: str, default: int) -> int:
    value: Any = view.number(path)
    return max(value, 0) if isinstance(value, int) else default
