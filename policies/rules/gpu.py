"""How a container gets GPUs: by a limit in whole numbers, and in no other way."""

from __future__ import annotations

from typing import Any

from kube import gpus, quantity
from kube.objects import Pod
from kube.unknown import is_unknown
from kube.view import View
from policies.facts import repairs
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

VISIBLE = "NVIDIA_VISIBLE_DEVICES"
NO_DEVICES = (None, "", "none", "void")


def _equal_gpu_quantities(data: dict[str, Any], _settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        for container in repairs.containers(spec):
            requests = repairs.get(container, "resources.requests")
            for name, request in list(requests.items()) if isinstance(requests, dict) else ():
                if gpus.is_gpu(name) and _is_count(request):
                    _equal_quantity(container["resources"], name, request)


def _equal_quantity(resources: dict[str, Any], name: str, request: Any) -> None:
    """A limit that is there is what was meant; an absent one is made from the request."""
    limits = resources.get("limits")
    if limits is None:
        resources["limits"] = {name: request}
    elif isinstance(limits, dict) and limits.get(name) is None:
        limits[name] = request
    elif (
        isinstance(limits, dict) and _is_count(limits[name]) and quantity.parse(limits[name]) != quantity.parse(request)
    ):
        resources["requests"][name] = limits[name]


@pod_rule(
    why="GPUs can't be overcommitted: the API server refuses such a pod, or it gets another number of them.",
    source='kubernetes.io "Schedule GPUs": limits only, or requests equal to them, in whole numbers',
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, resources: {requests: {nvidia.com/gpu: 1}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    remedy=_equal_gpu_quantities,
)
def gpu_quantity_valid(pod: Pod, _settings: Settings) -> Findings:
    """A container that asks for a GPU has a limit that is a whole number, and no request that differs from it."""
    for container in pod.containers:
        names = {**container.entries("resources.limits"), **container.entries("resources.requests")}
        for name in filter(gpus.is_gpu, names):
            limit, request = (container.get(("resources", field, name)) for field in ("limits", "requests"))
            where = ("resources", "limits", name)
            if limit is None and request is not None:
                yield container.bad(where, "must be set, to the number that is requested")
            elif request is not None and quantity.parse(request) != quantity.parse(limit):
                yield container.bad(("resources", "requests", name), "must equal the limit", request, limit)
            elif limit is not None and not _is_count(limit):
                yield container.bad(where, "must be a whole number", limit)


def _drop_visible_devices(data: dict[str, Any], _settings: Settings) -> None:
    for pod, spec in repairs.pods(data):
        found = [(container, each) for container in pod.containers for each in _bypasses(container)]
        gone = [each.data for container, each in found if not is_unknown(*_decided_by(container, each))]
        for container in repairs.containers(spec):
            if isinstance(env := container.get("env"), list):
                container["env"] = [each for each in env if not any(each is other for other in gone)]


@pod_rule(
    why="Where the runtime honours it, the variable gives a container all GPUs of the node past the scheduler.",
    source="Bottlerocket setting visible-devices-envvar-when-unprivileged; Kyverno check-nvidia-gpu asks the opposite",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: a, env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}],
        resources: {limits: {nvidia.com/gpu: 1}}}]}}
    """,
    remedy=_drop_visible_devices,
)
def gpu_env_bypass(pod: Pod, _settings: Settings) -> Findings:
    """A container without a GPU does not set NVIDIA_VISIBLE_DEVICES, but to `none`, `void` or nothing.

    Kyverno's check-nvidia-gpu demands the variable; images of NVIDIA set it themselves, so nothing is gained by that.
    """
    for container in pod.containers:
        for variable in _bypasses(container):
            yield variable.bad("", "must go: the container has no GPU", *_decided_by(container, variable))


def _bypasses(container: View) -> list[View]:
    named = [each for each in container.items("env") if each.text("name") == VISIBLE]
    given = [each for each in named if each.get("valueFrom") is not None or each.text("value") not in NO_DEVICES]
    return [each for each in given if not gpus.requests(container) > 0]


def _decided_by(container: View, variable: View) -> tuple[Any, ...]:
    return gpus.requests(container), variable.get("value"), variable.get("valueFrom")


def _is_count(value: Any) -> bool:
    count = quantity.parse(value)
    return count is not None and not is_unknown(count) and count.denominator == 1 and count >= 0
