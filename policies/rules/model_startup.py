"""Whether a server is given the time that loading its model takes: by probes, by the rollout, by Pulumi."""

from __future__ import annotations

from typing import Any

from kube import digits, gpus
from kube.objects import Object, Pod, Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import Trace, View
from policies.facts import engines, served_models
from policies.facts.probe_times import startup_budget_s
from policies.rule import MANDATORY, Findings, object_rule, pod_rule, stack_rule
from policies.settings import Settings

ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
PROGRESS = "progressDeadlineSeconds"
DEFAULT_PROGRESS_S = 600
TIMEOUT = "pulumi.com/timeoutSeconds"
MARGIN_S = 60
"""What a remedy adds to the startup budget: time to place the pod and to pull its image."""


@stack_rule(
    why="A probe that gives up before the model is loaded restarts the server for ever.",
    source="production-stack of vLLM allows 570 failures; bytes / storage_bytes_s + warm_up_s; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, args: [--model, meta-llama/Llama-3.1-70B-Instruct],
        startupProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 10, failureThreshold: 60}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, args: [--model, meta-llama/Llama-3.1-70B-Instruct],
        startupProbe: {httpGet: {path: /health, port: 8000}, periodSeconds: 10, failureThreshold: 180}}]}}
    """,
)
def startup_budget(stack: Stack, settings: Settings) -> Findings:
    """Delay + period x failures of the startup probe is at least the time to read the weights and to warm up.

    The weights' size comes from the model's name and is a lower bound (`model_size.py`). A server without a startup
    probe is `liveness-needs-startup`'s.
    """
    for pod in stack.pods:
        for container in pod.main_containers:
            budget_s = startup_budget_s(container)
            if budget_s is None:
                continue
            for served in served_models.of_container(stack, pod, container):
                if served.weights_bytes is None:
                    continue
                needed_s = served.weights_bytes / settings.storage_bytes_s + settings.warm_up_s
                if not budget_s >= needed_s:
                    message = f"must give the model more time: loading takes at least {needed_s:.0f} s"
                    yield container.bad("startupProbe", message, budget_s)


@pod_rule(
    why="A liveness probe counts from the start: it kills a server that is still loading its model.",
    source='kubernetes.io "Configure Probes": startup probes protect slow starting containers; no peer has the rule',
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, livenessProbe: {httpGet: {path: /health, port: 8000}}}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      containers: [{name: a, image: vllm/vllm-openai, livenessProbe: {httpGet: {path: /health, port: 8000}},
        startupProbe: {httpGet: {path: /health, port: 8000}, failureThreshold: 60}}]}}
    """,
)
def liveness_needs_startup(pod: Pod, _settings: Settings) -> Findings:
    """A container that runs an engine or holds a GPU has a startup probe if it has a liveness probe.

    An initial delay does not replace it: it is the same for a model in the page cache and one on a slow volume.
    """
    for container in pod.main_containers:
        live = container.get("livenessProbe")
        if live is None or container.get("startupProbe") is not None:
            continue
        held = None if engines.server(container) else gpus.requests(container)
        if held != 0:
            yield container.bad("startupProbe", "must be set where there is a liveness probe", live, held)


def _extend_deadlines(data: dict[str, Any], _settings: Settings) -> None:
    view = Object(data).view(Trace())
    budget_s, progress_s, timeout_s = _longest_startup_s(view), _progress_s(view), _timeout_s(view)
    if budget_s is None:
        return
    if progress_s is not None and progress_s < budget_s:
        data["spec"][PROGRESS] = budget_s + MARGIN_S
    if timeout_s is not None and timeout_s < budget_s:
        data["metadata"]["annotations"][TIMEOUT] = str(budget_s + MARGIN_S)


@object_rule(
    *ROLLED_OUT,
    why="A rollout that is given up while the model still loads counts as failed, and is rolled back or repeated.",
    source="kubernetes.io Deployments: progressDeadlineSeconds; pulumi-kubernetes await; no peer has the rule",
    level=MANDATORY,
    bad="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {progressDeadlineSeconds: 300, template: {spec: {
      containers: [{name: a, image: a, startupProbe: {httpGet: {path: /, port: 80}, failureThreshold: 60}}]}}}}
    """,
    good="""
    {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {progressDeadlineSeconds: 660, template: {spec: {
      containers: [{name: a, image: a, startupProbe: {httpGet: {path: /, port: 80}, failureThreshold: 60}}]}}}}
    """,
    remedy=_extend_deadlines,
)
def progress_deadline_fits(view: View, _settings: Settings) -> Findings:
    """A Deployment's progressDeadlineSeconds, by default 600, and pulumi.com/timeoutSeconds cover the startup probe."""
    budget_s, progress_s, timeout_s = _longest_startup_s(view), _progress_s(view), _timeout_s(view)
    if budget_s is None:
        return
    message = "must not be less than the startup probe allows"
    if progress_s is not None and not progress_s >= budget_s:
        yield view.bad(f"spec.{PROGRESS}", message, progress_s, budget_s)
    if timeout_s is not None and not timeout_s >= budget_s:
        yield view.bad(("metadata", "annotations", TIMEOUT), message, budget_s)


def _longest_startup_s(view: View) -> Any:
    """The largest budget of the main containers, which start side by side; None where none has a startup probe."""
    containers = Pod(view.at("spec.template")).main_containers
    budgets = [budget for container in containers if (budget := startup_budget_s(container)) is not None]
    return UNKNOWN if is_unknown(budgets) else max(budgets, default=None)


def _progress_s(view: View) -> Any:
    """None for what has no such deadline."""
    if view.object.kind != "Deployment":
        return None
    stated = view.number(f"spec.{PROGRESS}")
    return DEFAULT_PROGRESS_S if stated is None else stated


def _timeout_s(view: View) -> Any:
    """None where Pulumi is told nothing that is a number, or does not wait for a rollout."""
    stated = view.at("metadata.annotations").text((TIMEOUT,)) if view.object.kind in ROLLED_OUT else None
    return digits.whole(stated)
