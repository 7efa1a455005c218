"""Where an object keeps its pods: by its kind, or, for kinds of others, by the look of what is in it.

Knows the kinds of Kubernetes and of OpenShift, the pod specs that others embed (Rollouts, JobSets, LeaderWorkerSets,
RayClusters, Volcano's Jobs, KServe's predictors) and Argo Workflows, whose containers are spread over templates. Does
not know kinds that make pods of something else, such as Spark applications or Tekton's tasks. Knows no views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube.unknown import UNKNOWN

Path = tuple[str | int, ...]

POD_TEMPLATES: Mapping[str, str] = {
    "Pod": "",
    "PodTemplate": "template",
    "Deployment": "spec.template",
    "StatefulSet": "spec.template",
    "DaemonSet": "spec.template",
    "ReplicaSet": "spec.template",
    "ReplicationController": "spec.template",
    "Job": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
}
"""Where a kind of Kubernetes itself keeps its pods."""

_GROUPS = ("", "apps", "batch", "extensions")
"""Of these kinds. Others have a Job of their own, with pods elsewhere."""
_PATTERN_GROUPS = ("kyverno.io", "gatekeeper.sh")
"""Of kinds that hold patterns of pods, in this group or below it: what looks like a pod there is none."""
_WORKFLOW_LISTS = ("containers", "initContainers", "sidecars")
_WORKFLOW_CONTAINERS = ("container", "script")


@dataclass(frozen=True, slots=True)
class Place:
    """One pod, or template of pods: where it is, where its spec is from there, and its containers in no usual list."""

    template: Path
    spec: Path = ("spec",)
    others: tuple[Path, ...] = ()


BELOW = Place(())
"""Where the place of a template makes no difference: its spec is right below it."""


def places(group: str, kind: str, data: Any) -> tuple[Place, ...]:
    """All of an object, in the order in which it holds them."""
    known = POD_TEMPLATES.get(kind) if group in _GROUPS else None
    if known is not None:
        return (Place(tuple(known.split(".")) if known else ()),)
    if group == "apps.openshift.io" and kind == "DeploymentConfig":
        return (Place(("spec", "template")),)
    if any(f".{group}".endswith(f".{each}") for each in _PATTERN_GROUPS):
        return ()
    return tuple(_search(data, ()))


def _search(data: Any, path: Path) -> Iterator[Place]:
    found = _look(data, path) if isinstance(data, dict) else None
    if found:
        yield found
    for key, value in _children(data):
        if not (found and found.others and key == "templates"):  # whose containers are found already
            yield from _search(value, (*path, key))


def _look(data: dict[str, Any], path: Path) -> Place | None:
    """The pod that a mapping is, or the one whose spec it has."""
    key = str(path[-1]) if path else ""
    spec = data.get("spec")
    if _containers(spec) is not None or (spec is UNKNOWN and key.lower().endswith("template")):
        return Place(path)
    others = tuple(_of_workflow(data.get("templates"), ("templates",)))
    if others:
        return Place(path, (), others)
    if key != "spec" and any(_has_image(each) for each in _containers(data) or ()):
        return Place(path, ())
    return None


def _containers(data: Any) -> list[Any] | None:
    """The containers of what may be a pod spec; None where there is no list of them, be it unknown."""
    found = data.get("containers") if isinstance(data, dict) else None
    if found is UNKNOWN:
        return []
    is_list = isinstance(found, list) and all(isinstance(each, dict) or each is UNKNOWN for each in found)
    return found if is_list else None


def _of_workflow(data: Any, path: Path) -> Iterator[Path]:
    """The containers in the templates of a workflow, however deep: steps and tasks may have templates of their own."""
    for key, value in _children(data):
        if path[-1] in _WORKFLOW_LISTS or key in _WORKFLOW_CONTAINERS:
            if _has_image(value):
                yield (*path, key)
        elif key != "spec":  # a template of another kind
            yield from _of_workflow(value, (*path, key))


def _has_image(data: Any) -> bool:
    return isinstance(data, dict) and "image" in data


def _children(data: Any) -> Iterator[tuple[str | int, Any]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    yield from ((key, value) for key, value in pairs if isinstance(value, dict | list))
