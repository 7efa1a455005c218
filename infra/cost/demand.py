"""Kubernetes objects -> Demand: what they ask for that costs money.

Reads plain objects, whatever they came from. What it can't read (unknown before an update, secret, opaque, of no known
kind, absurd) is in `unpriced`, by name; it is never counted as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from infra.cost import cron, pods, sizes
from infra.cost.balancers import balancers
from infra.cost.labels import model_of, texts
from infra.cost.money import HOURS_PER_MONTH
from infra.cost.placement import placement
from infra.cost.scale_jobs import scale_jobs
from infra.cost.scalers import Scaler, Target, scalers
from infra.cost.spread import not_modelled
from infra.cost.types import Demand, Resources, Shape, Unpriced, Volume, Workload
from infra.cost.volumes import storage_kinds, volumes
from kube.objects import Object, Pod, Stack, expand
from kube.pod_places import POD_TEMPLATES
from kube.view import Finding, View

OPAQUE: Final = "its objects are made by Helm inside the cluster, nothing here tells which"
DEFAULT_JOB_S: Final = 3600
SINGLE: Final = ("Pod", "DaemonSet")
DONE: Final = ("Succeeded", "Failed")

Counted = Workload | Unpriced


def demand(objects: Iterable[Object], time_zone: str = "UTC") -> Demand:
    """All that the objects ask for. One object can't stop the others from being counted."""
    stack = Stack(tuple(expand(objects)))
    scaled = {**scale_jobs(stack, time_zone), **scalers(stack, time_zone)}
    entries = [_workload(pod, scaled) for pod in stack.pods if _is_counted(pod, stack)]
    found = [entry for entry in entries if isinstance(entry, Workload)]
    claims = list(volumes(stack))
    jobs = [each for each in found if each.hours_per_month is not None]
    always = [each for each in found if each.hours_per_month is None]
    unpriced = [
        *(Unpriced(view.object.id, OPAQUE) for view in stack.of_kind("Release")),
        *(entry for entry in (*entries, *claims) if isinstance(entry, Unpriced)),
        *(problem for scaler in scaled.values() for problem in scaler.problems),
        *_targets(scaled, found),
        *(told for workload in found for told in _odd(workload)),
        *(Unpriced(f"{each.object.id} {each.path}", _why_unknown(each)) for each in stack.trace.unknown.values()),
        *(Unpriced(f"{each.object.id} {each.path}", each.message) for each in stack.trace.malformed.values()),
    ]
    return Demand(
        workloads=tuple(each for each in always if each.kind != "DaemonSet"),
        volumes=tuple(entry for entry in claims if isinstance(entry, Volume)),
        load_balancers=tuple(balancers(stack)),
        daemons=tuple(each for each in always if each.kind == "DaemonSet"),
        jobs=tuple(jobs),
        unpriced=tuple(unpriced),
        storage_kinds=storage_kinds(stack),
    )


def _is_counted(pod: Pod, stack: Stack) -> bool:
    """Not what an object of the stack owns, which is counted there; not what runs no more, or never."""
    own, whole = pod.object, pod.object.view(pod.template.trace)
    if own.kind in ("PodTemplate", "Release"):
        return False
    if whole.get("status.phase") in DONE or whole.get("status.completionTime") or whole.get("spec.suspend") is True:
        return False
    owners = whole.items("metadata.ownerReferences")
    named = [(owner.text("kind"), owner.text("name")) for owner in owners]
    return not any(stack.find(str(kind), own.namespace, str(name)) for kind, name in named)


def _workload(pod: Pod, scaled: Mapping[Target, Scaler]) -> Counted:
    owner = pod.object
    whole = owner.view(pod.template.trace)
    try:
        scaler = scaled.get((owner.kind, owner.namespace, owner.name)) or _fixed(owner, whole)
        sizes.replicas(scaler.most, 0)
        hours = _hours(owner, whole)
        return Workload(
            kind=owner.kind,
            namespace=owner.namespace,
            name=owner.name or owner.origin,
            shape=Shape(pods.requests_of(pod), texts(pod.labels), placement(pod), _priority(pod)),
            min_replicas=scaler.least,
            max_replicas=scaler.most,
            model=model_of(pod.labels, owner.labels),
            schedule=scaler.schedule,
            hours_per_month=hours,
            load_s=pods.load_s(pod),
            pulls_bytes=pods.pulls_bytes(pod),
        )
    except sizes.Refused as refused:
        return Unpriced(owner.id, f"{refused}: not counted")


def _priority(pod: Pod) -> int:
    value = pod.spec.number("priority")
    return value if isinstance(value, int) else 0


def _fixed(owner: Object, whole: View) -> Scaler:
    if owner.kind in SINGLE:
        return Scaler(1, 1)
    paths = {"Job": "spec.parallelism", "CronJob": "spec.jobTemplate.spec.parallelism"}
    count = sizes.replicas(whole.number(paths.get(owner.kind, "spec.replicas")), 1)
    return Scaler(count, count)


def _hours(owner: Object, whole: View) -> Fraction | None:
    """Of a Job: until its deadline, once. Of a CronJob: as often as it runs. At most, on purpose: no one knows."""
    if owner.kind == "Job":
        return _runtime(whole.at("spec"))
    if owner.kind == "CronJob":
        times = cron.times_per_month(str(whole.text("spec.schedule") or ""))
        if times is None:
            raise sizes.Refused(f"its schedule {whole.get('spec.schedule')!r} can't be read")
        return min(times * _runtime(whole.at("spec.jobTemplate.spec")), Fraction(HOURS_PER_MONTH))
    return None


def _runtime(spec: View) -> Fraction:
    deadline = spec.number("activeDeadlineSeconds")
    if isinstance(deadline, int) and deadline > 0:
        return min(Fraction(deadline, 3600), Fraction(HOURS_PER_MONTH))
    completions, parallel = (spec.number(name) for name in ("completions", "parallelism"))
    rounds = -(-completions // max(parallel or 1, 1)) if isinstance(completions, int) and completions > 0 else 1
    return min(Fraction(rounds * DEFAULT_JOB_S, 3600), Fraction(HOURS_PER_MONTH))


def _odd(workload: Workload) -> Iterator[Unpriced]:
    """What is counted, but not surely as it will be."""
    if workload.shape.requests == Resources():
        yield Unpriced(workload.id, "it requests nothing: it takes what others leave", is_total_wrong=False)
    if workload.kind not in POD_TEMPLATES:
        text = f"{workload.kind} is no kind of Kubernetes itself: counted as {workload.min_replicas} pods"
        yield Unpriced(workload.id, text, is_total_wrong=False)
    for key in not_modelled(workload):
        yield Unpriced(workload.id, f"its rules about {key} are not looked at", is_total_wrong=False)


def _targets(scaled: Mapping[Target, Scaler], found: Iterable[Workload]) -> Iterator[Unpriced]:
    """What scales something that is not here."""
    known = {(each.kind, each.namespace, each.name) for each in found}
    for target, scaler in scaled.items():
        if target not in known:
            text = f"scales {target[0]} {target[1]}/{target[2]}, which is not here"
            yield Unpriced(scaler.id, text, is_total_wrong=False)


def _why_unknown(finding: Finding) -> str:
    secrets = finding.object.has_secrets
    is_secret = any(finding.path == path or finding.path.startswith((f"{path}.", f"{path}[")) for path in secrets)
    return "is a secret, which is not read" if is_secret else "not known before the update"
