"""Whether autoscalers follow the load of a model server, and whether GPUs are let go when nobody uses them."""

from fractions import Fraction
from typing import Any

from kube import gpus, quantity
from kube.objects import Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts.claims import claims
from policies.facts.replicas import Workload, workloads
from policies.facts.selector_index import is_identified
from policies.rule import ADVISORY, Findings, stack_rule
from policies.settings import Settings

DEFAULT_WINDOW_S = 300
"""How long scaling down waits if nothing is said (kubernetes.io "Horizontal Pod Autoscaling")."""


@stack_rule(
    why="A GPU server is busy long before its processors are, so it is scaled too late or never.",
    source="derived: a model on a GPU leaves the processor idle while its queue grows",
    level=ADVISORY,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}
      maxReplicas: 2
      metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}
      maxReplicas: 2
      metrics: [{type: Pods, pods: {metric: {name: queued_requests}, target: {type: AverageValue, averageValue: 4}}}]
    """,
)
def hpa_signal_fits_llm(stack: Stack, _settings: Settings) -> Findings:
    """What scales pods with GPUs looks at more than processor and memory, such as the requests that wait."""
    for workload in workloads(stack):
        num_gpus = gpus.of_pod(workload.pod)
        for scaler in workload.scalers:
            path = "spec.triggers" if scaler.view.object.kind == "ScaledObject" else "spec.metrics"
            signals = [_signal(metric) for metric in scaler.view.items(path)]
            if num_gpus > 0 and all(signal in ("cpu", "memory") for signal in signals):
                yield scaler.view.bad(path, "must have a signal other than cpu and memory", scaler.view.get(path))


def _signal(metric: View) -> Any:
    """The name of a resource, else the type of the metric or trigger."""
    name = metric.get("resource.name")
    name = metric.get("containerResource.name") if name is None else name
    return metric.get("type") if name is None else name


@stack_rule(
    why="A replica that is taken away before it would have loaded again is missing at the next wave.",
    source="derived: kubernetes.io HPA scale-down stabilisation against the time to load a model",
    level=ADVISORY,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, startupProbe: {periodSeconds: 10, failureThreshold: 60}}]}}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 2}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, startupProbe: {periodSeconds: 10, failureThreshold: 60}}]}}}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: a}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}
      maxReplicas: 2
      behavior: {scaleDown: {stabilizationWindowSeconds: 600}}
    """,
)
def hpa_window_vs_load(stack: Stack, settings: Settings) -> Findings:
    """Scaling down waits at least as long as a replica takes to load.

    That time is what the startup probe allows, or, with a GPU, the time to read the largest claim: both are at least
    the true one, so the shorter counts. Without either there is nothing to compare.
    """
    for workload in workloads(stack):
        load_s = _load_s(stack, workload, settings)
        for scaler in workload.scalers:
            keda = "spec.advanced.horizontalPodAutoscalerConfig."
            prefix = keda if scaler.view.object.kind == "ScaledObject" else "spec."
            path = f"{prefix}behavior.scaleDown.stabilizationWindowSeconds"
            window_s = scaler.view.number(path)
            if load_s > (DEFAULT_WINDOW_S if window_s is None else window_s):
                yield scaler.view.bad(path, f"must be at least {int(load_s)}, the time to load")


def _load_s(stack: Stack, workload: Workload, settings: Settings) -> Any:
    """Seconds that a replica takes to load at most; 0 where nothing tells, UNKNOWN where only `up` does."""
    budgets = [_budget_s(container.at("startupProbe")) for container in workload.pod.main_containers]
    reads = [size / settings.storage_bytes_s for size in _claimed_bytes(stack, workload)]
    if is_unknown(*budgets, *reads):
        return UNKNOWN
    return min((max(each) for each in (budgets, reads) if any(each)), default=0)


def _claimed_bytes(stack: Stack, workload: Workload) -> list[Any]:
    """The sizes of the claims of a pod with GPUs, where its weights may be."""
    if not gpus.of_pod(workload.pod) > 0:
        return []
    found = [claim for _, claim in claims(stack, workload.pod) if isinstance(claim, View)]
    sizes = [quantity.parse(claim.get("spec.resources.requests.storage")) for claim in found]
    return [Fraction(0) if size is None else size for size in sizes]


def _budget_s(probe: View) -> Any:
    """Seconds until a startup probe gives up, with its defaults; 0 where there is none."""
    if probe.data is None:
        return 0
    period_s, threshold, delay_s = (
        default if (value := probe.number(path)) is None else value
        for path, default in (("periodSeconds", 10), ("failureThreshold", 3), ("initialDelaySeconds", 0))
    )
    return period_s * threshold + delay_s


@stack_rule(
    why="GPUs that nobody uses at night and on weekends cost three quarters of what they cost at all.",
    source="derived: 50 of 168 hours of a week are working hours; keda.sh cron scaler",
    level=ADVISORY,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a}
    spec: {template: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
    ---
    apiVersion: keda.sh/v1alpha1
    kind: ScaledObject
    metadata: {name: a}
    spec:
      scaleTargetRef: {name: a}
      minReplicaCount: 1
      triggers:
      - {type: cron, metadata: {timezone: Etc/UTC, start: 0 8 * * 1-5, end: 0 18 * * 1-5, desiredReplicas: "2"}}
    """,
    example_settings={"environment": "dev"},
)
def dev_has_schedule(stack: Stack, settings: Settings) -> Findings:
    """Outside prod, what holds GPUs can go down to none, or by the clock: KEDA, or a CronJob that scales.

    A CronJob counts for its whole namespace where a word of its command is about scaling; on whom, can't be told.
    """
    if settings.environment == "prod":
        return
    jobs = stack.of_kind("CronJob")
    scaled = {job.object.namespace for job in jobs if _is_about_scaling(job)}
    doubt = None if all(is_identified(job) and job.at("spec").is_known() for job in jobs) else UNKNOWN
    for workload in workloads(stack):
        least, clocks = workload.least, [scaler.view.get("spec.triggers") for scaler in workload.scalers]
        types = [trigger.get("type") for scaler in workload.scalers for trigger in scaler.view.items("spec.triggers")]
        is_on = least.value != 0 and "cron" not in types and workload.namespace not in scaled
        if is_on and gpus.of_pod(workload.pod) > 0:
            message = "must come down to 0, or by a schedule"
            yield least.view.bad(least.path, message, doubt, least.value, clocks, types)


def _is_about_scaling(job: View) -> bool:
    containers = [container for pod in job.object.pods(job.trace) for container in pod.containers]
    words = [
        word.text("") for container in containers for path in ("command", "args") for word in container.items(path)
    ]
    return any(isinstance(word, str) and "scale" in word for word in words)
