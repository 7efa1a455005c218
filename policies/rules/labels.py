"""Labels that say whose an object is and who pays for it.

Which labels, and which other names will do for each, is in the settings. No remedy makes labels up; those that a
workload has are copied to its pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kube import gpus
from kube.objects import Object, Pod
from kube.unknown import UNKNOWN, is_unknown
from kube.view import Finding, Trace, View
from policies.facts import model_server, repairs
from policies.rule import MANDATORY, Findings, object_rule, pod_rule
from policies.settings import Settings


@object_rule(
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "DeploymentConfig",
    "Job",
    "CronJob",
    "Pod",
    "Service",
    "Namespace",
    why="When it breaks or costs too much, someone must be found who answers for it.",
    source="kubernetes.io Recommended Labels; Kyverno require-labels, require-kubecost-labels; kube-linter",
    level=MANDATORY,
    bad="{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: search}}}",
    good="""
    {apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {app.kubernetes.io/name: a,
      app.kubernetes.io/part-of: slipway, app.kubernetes.io/managed-by: pulumi,
      team: search, env: prod, cost-center: '4711'}}}
    """,
)
def required_labels(view: View, settings: Settings) -> Findings:
    """Workloads, Services and namespaces have each of `required_labels`, or one of its other names.

    No remedy: nobody but the author knows an owner or a cost centre.
    """
    for label in settings.required_labels:
        yield from _missing(view, label)


def _copy_labels(data: dict[str, Any], settings: Settings) -> None:
    """From the workload to its pods, where it has them."""
    given = repairs.get(data, "metadata.labels")
    for pod in Object(data).pods(Trace()):
        if isinstance(given, dict) and _costs(pod) is True:
            _fill(pod.template, given, settings)


def _fill(template: View, given: dict[str, Any], settings: Settings) -> None:
    for label in settings.cost_labels:
        is_missing = any(not finding.undecided for finding in _missing(template, label))
        found = next((name for name in label.split("|") if isinstance(given.get(name), str) and given[name]), None)
        if is_missing and found is not None:
            if repairs.get(template.data, "metadata.labels") is None:
                repairs.put(template.data, "metadata.labels", {})
            labels = repairs.get(template.data, "metadata.labels")
            if isinstance(labels, dict) and labels.get(found) is None:
                labels[found] = given[found]


@pod_rule(
    why="A GPU whose pods name no model and no team is money that nobody can account for.",
    source="Kyverno require-kubecost-labels, for GPUs; FinOps Framework, Allocation",
    level=MANDATORY,
    remedy=_copy_labels,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a, labels: {slipway.dev/model: gemma, team: search, env: prod}}
    spec: {template: {spec: {containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec:
      template:
        metadata: {labels: {slipway.dev/model: gemma, team: search, env: prod}}
        spec: {containers: [{name: a, image: a, resources: {limits: {nvidia.com/gpu: 1}}}]}
    """,
)
def cost_labels_present(pod: Pod, settings: Settings) -> Findings:
    """Pods that use a GPU or serve a model have each of `cost_labels` themselves: reports see pods, not workloads."""
    costs = _costs(pod)
    if costs is not False:
        for label in settings.cost_labels:
            yield from _missing(pod.template, label, costs)


def _costs(pod: Pod) -> Any:
    """Whether the pod uses a GPU or serves a model; UNKNOWN where that hangs on what only `up` knows."""
    answers = (gpus.of_pod(pod), model_server.is_model_server(pod))
    if any(answers):
        return True
    return UNKNOWN if is_unknown(*answers) else False


def _missing(holder: View, label: str, *decided_by: Any) -> Iterator[Finding]:
    """A finding if the holder has neither the label nor one of its other names, which follow after bars."""
    names = label.split("|")
    values = [holder.text(("metadata", "labels", name)) for name in names]
    if not any(values):
        others = f", or one of {', '.join(names[1:])}" if names[1:] else ""
        yield holder.bad(("metadata", "labels", names[0]), f"must be set{others}", *values, *decided_by)
