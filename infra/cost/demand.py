"""Kubernetes objects -> Demand: what they ask for that costs money.

Reads plain objects, whatever they came from. What it can't read (unknown before an update, opaque, of no known kind) is
in `unpriced`, by name; it is never counted as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from infra import names
from infra.cost import cron
from infra.cost.money import HOURS_PER_MONTH, HOURS_PER_WEEK
from infra.cost.scalers import Scaler, scalers
from infra.cost.types import Demand, LoadBalancer, Resources, Shape, Unpriced, Volume, Workload
from policies import gpus, quantity
from policies.objects import Object, Pod, Stack, expand
from policies.unknown import UNKNOWN
from policies.view import View

ALWAYS = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Pod")
MODEL_LABELS = (names.MODEL_LABEL, "model")
PLACEMENT = ("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints")
OPAQUE = "its pods are made elsewhere, nothing here tells which"
DEFAULT_JOB_S = 3600


def demand(objects: Iterable[Object]) -> Demand:
    """All that the objects ask for. One object can't stop the others from being counted."""
    stack = Stack(tuple(expand(objects)))
    scaled = scalers(stack)
    everything = [_workload(pod, scaled) for pod in stack.pods if _is_own(pod)]
    daemons = [each for each in everything if each.kind == "DaemonSet"]
    jobs = [each for each in everything if each.hours_per_month is not None]
    workloads = [each for each in everything if each.kind != "DaemonSet" and each.hours_per_month is None]
    volumes = [*_claims(stack), *_templates(stack)]
    balancers = [*_services(stack), *_gateways(stack)]
    opaque = [Unpriced(view.object.id, OPAQUE) for view in stack.of_kind("Release")]
    problems = [problem for scaler in scaled.values() for problem in scaler.problems]
    empty = [each for each in workloads if each.shape.requests == Resources()]
    unpriced = [
        *opaque,
        *problems,
        *(Unpriced(each.id, "it requests nothing: it takes what others leave", is_total_wrong=False) for each in empty),
        *(Unpriced(f"{v.object.id} {v.path}", "not known before the update") for v in stack.trace.unknown.values()),
        *(Unpriced(f"{v.object.id} {v.path}", v.message) for v in stack.trace.malformed.values()),
    ]
    return Demand(tuple(workloads), tuple(volumes), tuple(balancers), tuple(daemons), tuple(jobs), tuple(unpriced))


def _is_own(pod: Pod) -> bool:
    """Not of a ReplicaSet or Pod that a Deployment or Job owns: those are counted there."""
    return not pod.object.view(pod.template.trace).items("metadata.ownerReferences")


def _workload(pod: Pod, scaled: Mapping[tuple[str, str, str], Scaler]) -> Workload:
    owner = pod.object
    whole = owner.view(pod.template.trace)
    scaler = scaled.get((owner.kind, owner.namespace, owner.name)) or _fixed(owner, whole)
    return Workload(
        kind=owner.kind,
        namespace=owner.namespace,
        name=owner.name,
        shape=Shape(requests_of(pod), dict(pod.labels), _placement(pod)),
        min_replicas=scaler.least,
        max_replicas=scaler.most,
        model=_model(pod.labels, owner.labels),
        schedule=scaler.schedule,
        hours_per_month=_hours(owner, whole),
    )


def _fixed(owner: Object, whole: View) -> Scaler:
    if owner.kind == "Job":
        count = _whole(whole.number("spec.parallelism"), 1)
    elif owner.kind == "CronJob":
        count = _whole(whole.number("spec.jobTemplate.spec.parallelism"), 1)
    elif owner.kind in ("Pod", "DaemonSet"):
        count = 1
    else:
        count = _whole(whole.number("spec.replicas"), 1)
    return Scaler(count, count)


def _hours(owner: Object, whole: View) -> Fraction | None:
    """Of a Job: its deadline, once. Of a CronJob: as often as it runs. Longer than they really take, on purpose."""
    if owner.kind == "Job":
        return Fraction(_whole(whole.number("spec.activeDeadlineSeconds"), DEFAULT_JOB_S), 3600)
    if owner.kind == "CronJob":
        deadline = _whole(whole.number("spec.jobTemplate.spec.activeDeadlineSeconds"), DEFAULT_JOB_S)
        times = cron.times_per_week(str(whole.text("spec.schedule"))) or 7
        return min(Fraction(times * HOURS_PER_MONTH, HOURS_PER_WEEK) * deadline / 3600, Fraction(HOURS_PER_MONTH))
    return None


def requests_of(pod: Pod) -> Resources:
    """What the scheduler reserves: main containers together, or one init container if that is more, resource by
    resource; and the pod's overhead.
    """
    running = [_requests(container) for container in pod.main_containers]
    starting = [_requests(c) for c in pod.spec.items("initContainers") if c.get("restartPolicy") != "Always"]
    together = sum(running, start=Resources())
    return Resources(
        max([together.cpu_m, *(each.cpu_m for each in starting)]),
        max([together.memory_bytes, *(each.memory_bytes for each in starting)]),
        max([together.gpus, *(each.gpus for each in starting)]),
        max([together.ephemeral_bytes, *(each.ephemeral_bytes for each in starting)]),
    ) + Resources(_milli(pod.spec.get("overhead.cpu")), _bytes(pod.spec.get("overhead.memory")))


def _requests(container: View) -> Resources:
    """A limit without a request is the request, as the API server sets it."""

    def either(name: str) -> Any:
        value = container.get(("resources", "requests", name))
        return container.get(("resources", "limits", name)) if value is None else value

    count = gpus.requests(container)
    return Resources(
        _milli(either("cpu")),
        _bytes(either("memory")),
        int(count) if count is not UNKNOWN else 0,
        _bytes(either("ephemeral-storage")),
    )


def _placement(pod: Pod) -> dict[str, Any]:
    fields = {field: pod.spec.get(field) for field in PLACEMENT}
    return {field: value for field, value in fields.items() if isinstance(value, dict | list)}


def _model(*label_sets: Mapping[str, Any]) -> str | None:
    for labels in label_sets:
        for key in MODEL_LABELS:
            if isinstance(labels.get(key), str):
                return str(labels[key])
    return None


def _claims(stack: Stack) -> Iterator[Volume]:
    for view in stack.of_kind("PersistentVolumeClaim"):
        yield _volume(view, view.object, view.object.name, 1)


def _templates(stack: Stack) -> Iterator[Volume]:
    for view in stack.of_kind("StatefulSet"):
        count = _whole(view.number("spec.replicas"), 1)
        for template in view.items("spec.volumeClaimTemplates"):
            name = f"{template.text('metadata.name') or ''}-{view.object.name}"
            yield _volume(template, view.object, name, count)


def _volume(view: View, owner: Object, name: str, count: int) -> Volume:
    modes = [each.data for each in view.items("spec.accessModes")]
    return Volume(
        namespace=owner.namespace,
        name=name,
        storage_class=str(view.text("spec.storageClassName") or ""),
        size_bytes=_bytes(view.get("spec.resources.requests.storage")),
        access_mode=str(modes[0]) if modes else "",
        model=_model(owner.labels),
        count=count,
    )


def _services(stack: Stack) -> Iterator[LoadBalancer]:
    for view in stack.of_kind("Service"):
        if view.text("spec.type") == "LoadBalancer":
            yield LoadBalancer(view.object.namespace, view.object.name, _model(view.object.labels))


def _gateways(stack: Stack) -> Iterator[LoadBalancer]:
    """One for each Gateway; one for all Ingresses of a class, whose controller has it."""
    for view in stack.of_kind("Gateway"):
        yield LoadBalancer(view.object.namespace, view.object.name)
    classes = dict.fromkeys(str(view.text("spec.ingressClassName") or "default") for view in stack.of_kind("Ingress"))
    for name in classes:
        yield LoadBalancer("", f"ingress class {name}")


def _whole(value: Any, default: int) -> int:
    return max(value, 0) if isinstance(value, int) else default


def _milli(value: Any) -> int:
    return _up(quantity.parse(value), 1000)


def _bytes(value: Any) -> int:
    return _up(quantity.parse(value), 1)


def _up(amount: Any, factor: int) -> int:
    """The next whole number, as the scheduler rounds; nothing for what is absent, unknown or no quantity."""
    if not isinstance(amount, Fraction):
        return 0
    scaled = amount * factor
    return max(-(-scaled.numerator // scaled.denominator), 0)
