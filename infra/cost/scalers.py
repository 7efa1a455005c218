"""How many replicas a workload may have: from what scales it, if anything does.

HorizontalPodAutoscaler   minReplicas (1) to maxReplicas
KEDA ScaledObject         minReplicaCount (0) to maxReplicaCount (100); cron triggers raise the least while they are on;
                          with cron triggers alone nothing goes beyond what they ask for; `paused-replicas` holds
Where several scale one workload, the widest bounds hold, and that is told: they fight.
Sources: kubernetes.io autoscaling/v2; keda.sh ScaledObject v1alpha1, cron scaler.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from infra.cost import cron
from infra.cost.money import HOURS_PER_WEEK
from infra.cost.time_zones import shift_minutes
from infra.cost.types import Unpriced, Window
from kube.objects import Stack
from kube.view import View

KEDA_MOST = 100
PAUSED = "autoscaling.keda.sh/paused-replicas"
Target = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True, slots=True)
class Scaler:
    """Bounds of one workload. `problems` are parts of its schedule that could not be read, and what else is odd."""

    least: int
    most: int
    schedule: tuple[Window, ...] = ()
    problems: tuple[Unpriced, ...] = ()
    id: str = ""


def scalers(stack: Stack, time_zone: str) -> Mapping[Target, Scaler]:
    """By the workload that is scaled."""
    found: dict[Target, list[Scaler]] = {}
    for view in stack.of_kind("HorizontalPodAutoscaler"):
        found.setdefault(_target(view), []).append(_autoscaler(view))
    for view in stack.of_kind("ScaledObject"):
        found.setdefault(_target(view), []).append(_keda(view, time_zone))
    return {target: _joined(each) for target, each in found.items()}


def _target(view: View) -> Target:
    target = view.at("spec.scaleTargetRef")
    return str(target.text("kind") or "Deployment"), view.object.namespace, str(target.text("name") or "")


def _autoscaler(view: View) -> Scaler:
    least = _number(view, "spec.minReplicas", 1)
    return Scaler(least, max(_number(view, "spec.maxReplicas", least), least), id=view.object.id)


def _joined(several: list[Scaler]) -> Scaler:
    if len(several) == 1:
        return several[0]
    names = ", ".join(each.id for each in several)
    text = f"several scale one workload ({names}): the widest bounds count"
    odd = Unpriced(several[0].id, text, is_total_wrong=False)
    return Scaler(
        min(each.least for each in several),
        max(each.most for each in several),
        tuple(window for each in several for window in each.schedule),
        (*(problem for each in several for problem in each.problems), odd),
        several[0].id,
    )


def _keda(view: View, time_zone: str) -> Scaler:
    least = _number(view, "spec.minReplicaCount", 0)
    most = max(_number(view, "spec.maxReplicaCount", KEDA_MOST), least)
    floor = _number(view, "spec.idleReplicaCount", least)  # while no trigger is on
    paused = view.get(("metadata", "annotations", PAUSED))
    if isinstance(paused, str) and paused.isdigit():
        return Scaler(int(paused), int(paused), id=view.object.id)
    triggers = view.items("spec.triggers")
    crons = [trigger for trigger in triggers if trigger.text("type") == "cron"]
    entries = [entry for trigger in crons for entry in _windows(view, trigger, least, most, time_zone)]
    problems = tuple(entry for entry in entries if isinstance(entry, Unpriced))
    windows = [entry for entry in entries if isinstance(entry, Window)]
    if crons and len(crons) == len(triggers) and not problems:
        windows = [replace(each, max_replicas=each.min_replicas) for each in windows]
        windows.append(Window(0, HOURS_PER_WEEK, floor, floor))
        most = max(each.max_replicas for each in windows)
    return Scaler(min(floor, least), most, tuple(windows), problems, view.object.id)


def _windows(view: View, trigger: View, least: int, most: int, time_zone: str) -> Iterator[Window | Unpriced]:
    start, end = (trigger.text(f"metadata.{name}") for name in ("start", "end"))
    starts, ends = (cron.times_of_week(text) if isinstance(text, str) else None for text in (start, end))
    wanted, zone = str(trigger.get("metadata.desiredReplicas")), trigger.text("metadata.timezone")
    shift = shift_minutes(zone, time_zone) if isinstance(zone, str) else 0
    if starts is None or ends is None or not wanted.isdigit():
        yield Unpriced(view.object.id, "a cron trigger that no week can tell: its hours count as all others")
    elif shift is None:
        yield Unpriced(view.object.id, f"a cron trigger in the time zone {zone!r}, which is not known")
    else:
        count = min(max(int(wanted), least), most)
        yield from cron.windows(starts, ends, count, most, shift)


def _number(view: View, path: str, default: int) -> int:
    value: Any = view.number(path)
    return max(value, 0) if isinstance(value, int) else default
