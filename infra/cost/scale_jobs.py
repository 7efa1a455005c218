"""CronJobs that call `kubectl scale`: the schedule of those who have no KEDA.

    0 7 * * 1-5   kubectl scale deployment/llama --replicas=4
    0 20 * * 1-5  kubectl scale deployment/llama --replicas=0

Each firing holds until the next one for the same workload. A call that a script makes is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from infra.cost import cron
from infra.cost.scalers import Scaler, Target
from infra.cost.time_zones import shift_minutes
from kube.objects import Pod, Stack
from kube.view import View

_KINDS = {"deployment": "Deployment", "deploy": "Deployment", "statefulset": "StatefulSet", "sts": "StatefulSet"}
_KIND = re.compile(r"\b(deployments?|deploy|statefulsets?|sts)(?:\.apps)?[/\s]+([a-z0-9][a-z0-9.-]*)")
_REPLICAS = re.compile(r"--replicas[=\s]+(\d{1,4})\b")
_NAMESPACE = re.compile(r"(?:--namespace|-n)[=\s]+([a-z0-9][a-z0-9-]*)")
_SCALE = re.compile(r"\bkubectl\b[^;&|]*\bscale\b[^;&|]*")

_Firing = tuple[int, int]
"""Minute of the week, replicas from then on."""


def scale_jobs(stack: Stack, time_zone: str) -> Mapping[Target, Scaler]:
    """By the workload that they scale."""
    firings: dict[Target, list[_Firing]] = {}
    names: dict[Target, str] = {}
    for view in stack.of_kind("CronJob"):
        for target, count in _calls(view):
            times = cron.times_of_week(str(view.text("spec.schedule") or ""))
            zone = view.text("spec.timeZone")
            shift = shift_minutes(zone, time_zone) if isinstance(zone, str) else 0
            if times and shift is not None:
                at = [((time + shift) % cron.MINUTES_PER_WEEK, count) for time in times]
                firings.setdefault(target, []).extend(at)
                names.setdefault(target, view.object.id)
    return {target: _scaler(sorted(each), names[target]) for target, each in firings.items()}


def _calls(view: View) -> Iterator[tuple[Target, int]]:
    pod = Pod(view.at("spec.jobTemplate.spec.template"))
    for container in pod.main_containers:
        words = [each.data for path in ("command", "args") for each in container.items(path)]
        text = " ".join(str(word) for word in words)
        for call in _SCALE.findall(text):
            kind, replicas, namespace = _KIND.search(call), _REPLICAS.search(call), _NAMESPACE.search(call)
            if kind and replicas:
                where = namespace[1] if namespace else view.object.namespace
                yield (
                    (_KINDS[kind[1].removesuffix("s") if kind[1] != "sts" else "sts"], where, kind[2]),
                    int(replicas[1]),
                )


def _scaler(firings: list[_Firing], name: str) -> Scaler:
    counts = [count for _, count in firings]
    following = [*firings[1:], firings[0]]
    windows = [
        cron.window(start, end, count, count) for (start, count), (end, _) in zip(firings, following, strict=True)
    ]
    return Scaler(min(counts), max(counts), tuple(windows), id=name)
